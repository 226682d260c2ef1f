import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Installation } from "./installation.ts";
import { SamplePlatform } from "./sample-platform.ts";

const LONG = 300_000;
const SERVICE = "mobius-skills-scraper";
const CANARY = `canary: { services: [${SERVICE}], steps: [{ percent: 10, bake: 4s }, { percent: 50, bake: 2s }], gates: { errorRate: 5%, latencyP95: 200x, minRequests: 5 } }`;

/** Staging with a canary of the scraper, which gets a variable of that value. */
const withCanary = (depth: number) => (text: string) =>
  text
    .replace(/policies: \{ (queue: newest, soak: 0s, rehearsal: true) \}/, `policies: { $1, ${CANARY} }`)
    .replace(new RegExp(`( {2}${SERVICE}:\n {4}image: [\\s\\S]*?env:\n)`), `$1      DEPTH: ${depth}\n`);

/** More than one at a time: a busy machine takes long for each. */
const USERS = 3;

/** People who have one page read after the other, for as long as `during` takes; gives the statuses in their order. */
async function asUsers(url: string, during: () => Promise<unknown>): Promise<readonly number[]> {
  const statuses: number[] = [];
  let isOver = false;
  const user = async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ html: "<title>A page</title>Its text" });
    while (!isOver) {
      const answer = await fetch(`${url}/scrape`, { method: "POST", headers, body });
      await answer.text();
      statuses.push(answer.status);
    }
  };
  const asking = Promise.all(Array.from({ length: USERS }, user));
  try {
    await during();
  } finally {
    isOver = true;
    await asking;
  }
  return statuses;
}

describe("a canary on the sample platform", () => {
  let platform: SamplePlatform;
  let here: Installation;
  let url: string;

  beforeAll(async () => {
    platform = await SamplePlatform.open();
    here = platform.here;
    url = (await platform.serving()).find(({ service }) => service === SERVICE)?.url ?? "";
  }, LONG);
  afterAll(() => platform[Symbol.asyncDispose]());

  const resume = async () => expect((await here.run(["resume", "staging", "--reason", "looked at it"])).code).toBe(0);
  const newest = async () => {
    const [release] = await here.json<readonly { readonly id: string }[]>(["status"]);
    return (await here.run(["status", release?.id ?? ""])).out;
  };

  it("goes through with a good candidate, and no request fails", { timeout: LONG }, async () => {
    await platform.withPlatform(withCanary(3), async () => {
      const file = await platform.draft("good-canary-staging");
      const { out } = await here.run(["plan", file]);
      expect(out).toContain(`Traffic\n    canary step 1: 10 % of ${SERVICE} for 4.0 s\n`);
      let told = "";
      const statuses = await asUsers(url, async () => {
        const { out: words, err: more } = await platform.released(file);
        told = words + more;
      });
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(told).toMatch(
        /✓ canary step 1: passed \(mobius-skills-scraper: \d+ requests, 0 % failed where 5 % may, p95 /,
      );
      expect(told).toMatch(/✓ canary step 2: passed/);
      expect(await newest()).toMatch(/ {2}passed +canary step 1, 10 % of .*\n {2}passed +canary step 2, 50 % of /);
      const log = await here.git(".", "grep", "-h", "-e", "^| 1, 10 %", "--", "docs/release_logs");
      expect(log).toContain(`\`${SERVICE}\``);
    });
  });

  it("takes back a candidate that fails, which a tenth of the requests met", { timeout: LONG }, async () => {
    await here.git("mobius-skills", "fetch", "--quiet", "origin");
    await here.git("mobius-skills", "checkout", "--quiet", "--detach", "origin/main");
    const commit = await here.push("mobius-skills", "web-scraper/read-page.js", (text) =>
      text.replace("{\n", '{\n  throw new Error("ill");\n'),
    );
    await platform.withPlatform(withCanary(3), async () => {
      const file = await platform.draft("ill-canary-staging", (text) =>
        text.replace(/^ {2}mobius-skills: \w+/m, `  mobius-skills: ${commit}`),
      );
      let err = "";
      const statuses = await asUsers(url, async () => {
        ({ err } = await platform.failed(file, 10));
      });
      expect(err).toContain("error[canary-failed]: Canary step 1, with 10 % of the requests, failed.");
      expect(err).toMatch(/mobius-skills-scraper: \d+ requests, 100 % failed where 5 % may/);
      const ill = statuses.flatMap((status, index) => (status >= 500 ? [index] : []));
      const met = statuses.slice(ill[0], (ill.at(-1) ?? 0) + 1);
      expect(ill.length).toBeGreaterThanOrEqual(5);
      expect(ill.length / met.length).toBeLessThan(0.2);
      await resume();
    });
  });

  it("takes back a candidate that nobody asked anything", { timeout: LONG }, async () => {
    await platform.withPlatform(withCanary(4), async () => {
      const { err } = await platform.failed(await platform.draft("silent-canary-staging"), 10);
      expect(err).toContain("error[canary-inconclusive]: Canary step 1, with 10 % of the requests, found nothing out.");
      expect(err).toContain(`${SERVICE}: 0 requests where 5 are needed`);
      await resume();
    });
  });
});
