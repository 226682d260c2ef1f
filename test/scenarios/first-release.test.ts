import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reader } from "../support/guide.ts";
import { type HttpReceiver, type MailReceiver, startHttpReceiver, startMailReceiver } from "../support/receivers.ts";
import { Installation, type Running } from "./installation.ts";

const LONG = 240_000;

/**
 * The promotion flow of a platform's whole day, as docs/guides/first-release.md walks a newcomer through it, in its own
 * commands: merged, manifest, trigger, verified, promoted, approved, both logs and the checklist written, everybody told.
 */
describe("docs/guides/first-release.md, as it stands", () => {
  let here: Installation;
  let demo: Running;
  let slack: HttpReceiver;
  let mail: MailReceiver;
  let reader: Reader;
  const printed: string[] = [];

  beforeAll(async () => {
    here = await Installation.make();
    slack = await startHttpReceiver();
    mail = await startMailReceiver();
    demo = here.demo([], { MOBIUS_RECEIVERS: `${slack.place} ${mail.place}` });
    await demo.waitFor(/Stop with Ctrl-C/);
    reader = await here.reader("first-release.md", {
      SLACK_WEBHOOK: `http://${slack.place}/services/key`,
      SMTP_URL: `smtp://${mail.place}`,
    });
  }, LONG);
  afterAll(async () => {
    demo?.kill("SIGINT");
    await demo?.ended;
    await slack[Symbol.asyncDispose]();
    await mail[Symbol.asyncDispose]();
    await here[Symbol.asyncDispose]();
  });

  it("runs from its second block to its last", { timeout: LONG }, async () => {
    expect(reader.skip()).toBe("npm ci && npm start\n"); // `demo` above is what it runs
    while (reader.left.length > 0) printed.push(await reader.run());
    expect(printed.length).toBeGreaterThan(6);
  });

  it("releases what was merged to both environments, by the trigger and by the promotion", async () => {
    const releases = await here.json<readonly Record<string, string>[]>(["status"]);
    expect(releases.map(({ id, environment, state, manifest }) => [id, environment, state, manifest])).toEqual([
      ["REL-3", "production", "succeeded", expect.stringMatching(/^release-manifests\/\d{4}-\d\d-\d\d-prod\.yaml$/)],
      ["REL-2", "staging", "succeeded", "release-manifests/first-staging.yaml"],
      ["REL-1", "staging", "succeeded", await here.manifest()],
    ]);
    expect(releases.map(({ requestedBy }) => requestedBy)).toEqual([
      "person:ada",
      expect.stringMatching(/^build:/),
      expect.stringMatching(/^person:/),
    ]);
    expect(printed.at(-1)).toMatch(/ {2}staging +since \S+ by REL-2\n {2}production +since \S+ by REL-3\n/);
  });

  it("leaves a history that shows each step", async () => {
    const history = (await here.git(".", "log", "--format=%s", "origin/main")).split("\n");
    expect(history.slice(0, 5)).toEqual([
      expect.stringMatching(/^Record REL-3: .*-prod released to production$/),
      expect.stringMatching(/^Promote REL-2 to production: /),
      "Record REL-2: first-staging released to staging",
      "Ask politely on staging",
      expect.stringMatching(/^Record REL-1: /),
    ]);
    expect(await here.git("mobius-skills", "log", "-1", "--format=%s", "origin/main")).toBe("Merge feature/polite");
  });

  it("writes both release logs and the checklist", async () => {
    const text = printed.at(-1) ?? "";
    for (const [release, id, trigger] of [
      ["REL-2", "first-staging", /- Trigger: `[0-9a-f-]{36}`\n/],
      ["REL-3", String.raw`[\d-]+-prod`, /- Trigger: `manual:ada`\n/],
    ] as const) {
      expect(text).toMatch(new RegExp(`## ${release} ${id}\n\n- Outcome: succeeded\n- Manifest: .*\n- Plan: `));
      const entry = text.slice(text.indexOf(`## ${release} `), text.indexOf(`<!-- /mobius:release ${release} -->`));
      expect(entry).toMatch(trigger);
      expect(entry).toMatch(/- Build log: .*\/builds\//);
      expect(entry).toMatch(/- Verification: (\d+) of \1 checks passed/);
      expect(entry).toMatch(/\| `mobius-skills-scraper` \| .*http:\/\/127\.0\.0\.1:\d+/);
    }
    expect(text).toContain("**Prerequisite: the staging pipeline**");
    expect(text).toMatch(/Staging release of this manifest succeeded .*☑ .*\[REL-2\]/);
    expect(text).toMatch(/Every service answers on its health path .*☑ .*\[REL-3\]/);
  });

  it("tells both channels of both releases", { timeout: LONG }, async () => {
    const told = () => slack.received.map(({ body }) => body).join("\n");
    for (const words of ["REL-2", "REL-3"]) await expect.poll(told, { timeout: 60_000 }).toContain(words);
    const mailed = () => mail.received.map(({ headers, text }) => `${headers.subject}\n${text}`).join("\n");
    for (const words of ["REL-2", "REL-3"]) await expect.poll(mailed, { timeout: 60_000 }).toContain(words);
    expect(mailed()).toMatch(/REL-3[^\n]*waits/);
    expect(mail.received.every(({ to }) => to.join() === "team@example.com")).toBe(true);
  });
});
