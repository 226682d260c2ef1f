import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Installation } from "./installation.ts";
import { SamplePlatform } from "./sample-platform.ts";

const LONG = 180_000;
/** Stands under the variables of a service in mobius.yaml. */
const variable = (service: string, line: string) => (text: string) =>
  text.replace(new RegExp(`^( {2}${service}:\\n(?: {4}.*\\n)*? {4}env:\\n)`, "m"), `$1      ${line}\n`);

/** Deploy scripts of the sample's modules as such scripts are written, and everything that is found in each. */
const ROTTEN = [
  {
    module: "mobius-chat",
    script: "deploy_cloud.sh",
    findings: ["It would drop CHAT_LIVE_STREAM of mobius-chat-api", "Line 9 names what is dev's"],
  },
  { module: "mobius-rag", script: "deploy_staging.sh", findings: [] }, // nothing in it is wrong but its order
  {
    module: "mobius-os",
    script: "deploy.sh",
    findings: [
      "`gcloud builds submit` works in whatever project",
      "`gcloud run services describe mobius-os-backend` works in whatever project",
    ],
  },
  {
    module: "mobius-skills",
    script: "deploy_scraper.sh",
    findings: [
      '"mobiusos-new" in --project',
      '"mobiusos-new" in --image',
      '"redis://redis.prod.internal:6379/0" in --set-env-vars',
      '"mobius-rag-uploads-prod" in --set-env-vars',
      "--allow-unauthenticated takes no value",
      "Line 6 names what is production's",
      "Line 9 names what is production's",
      "Line 10 names what is production's",
    ],
  },
  {
    module: "mobius-user",
    script: "migrate_and_deploy.sh",
    findings: ["It ended with 1", "Line 5 reads from a terminal", "Line 6 reads from a terminal"],
  },
];

/**
 * What went wrong on a platform like the sample, by frequency times harm, the most harmful first. Each is prevented here, or
 * caught and explained.
 */
describe("incident", () => {
  let platform: SamplePlatform;
  let here: Installation;

  beforeAll(async () => {
    platform = await SamplePlatform.open();
    here = platform.here;
  }, LONG);
  afterAll(() => platform[Symbol.asyncDispose]());

  const variables = async (service: string) => {
    const { template } = await platform.service(service);
    return Object.fromEntries((template.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
  };
  const plan = async (file: string) => {
    const planned = await here.run(["plan", file]);
    return { ...planned, text: planned.out + planned.err };
  };

  describe("1, a variable lost on deploy", () => {
    it("changes one and keeps the other ones, and the plan says which", { timeout: LONG }, async () => {
      const before = await variables("mobius-skills-scraper");
      await platform.withPlatform(variable("mobius-skills-scraper", "DEPTH: 3"), async () => {
        const file = await platform.draft("one-variable-staging");
        expect((await plan(file)).out).toContain(
          "  ~ mobius-skills-scraper: update\n      env DEPTH added\n    module-hub",
        );
        await platform.released(file);
        expect(await variables("mobius-skills-scraper")).toEqual({ ...before, DEPTH: "3" });
      });
    });

    it("does not wipe one that somebody set by hand", { timeout: LONG }, async () => {
      await platform.byHand("mobius-dbt-ui", ({ template }) => {
        template.containers[0]?.env.push({ name: "VECTOR_STORE", value: "vertex" });
      });
      const refused = await plan(await platform.draft("by-hand-staging"));
      expect([refused.code, refused.err]).toEqual([3, expect.stringContaining("error[variable-undeclared]")]);
      expect(refused.err).toContain("VECTOR_STORE");
      await platform.byHand("mobius-dbt-ui", ({ template }) => {
        template.containers[0]?.env.pop();
      });
    });
  });

  it("2, green and users on old code: traffic that stayed behind is found, and moved", { timeout: LONG }, async () => {
    const [first] = (await platform.serving()).filter(({ service }) => service === "mobius-skills-scraper");
    const manifest = (await here.manifest()).replace("-staging", "-next-staging");
    await platform.released(manifest);
    await platform.byHand("mobius-skills-scraper", (service) => {
      service.traffic = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: first?.revision, percent: 100 }];
    });
    const drift = await here.run(["drift", "staging"]);
    expect([drift.code, drift.out]).toEqual([7, expect.stringContaining("~ service mobius-skills-scraper: traffic")]);
    expect((await here.run(["plan", manifest, "--detailed-exitcode"])).code).toBe(7);
    await platform.released(manifest);
    expect((await here.run(["drift", "staging"])).code).toBe(0);
    await platform.byHand("mobius-skills-scraper", (service) => {
      service.traffic = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: first?.revision, percent: 100 }];
    });
    const reverted = await here.run(["drift", "staging", "--revert", "--reason", "nobody owns up to it"]);
    expect([reverted.code, reverted.out]).toEqual([
      0,
      expect.stringContaining("✓ service mobius-skills-scraper: all traffic to mobius-skills-scraper-rel"),
    ]);
    expect((await platform.serving()).filter(({ service }) => service === "mobius-skills-scraper")).not.toEqual([
      first,
    ]);
  });

  it("3, a migration that nobody named: the plan says so", { timeout: LONG }, async () => {
    const commit = await here.push(
      "Mobius-user",
      "migrations/012_profile.sql",
      () => "CREATE TABLE profile (id int);\n",
    );
    const file = await platform.draft("unnamed-staging", (text) =>
      text.replace(/^ {2}mobius-user: \w+/m, `  mobius-user: ${commit}`),
    );
    expect((await plan(file)).out).toContain("mobius-user: migrations/012_profile.sql");
  });

  describe("4, staging and production mixed up", () => {
    it("refuses production's index in a worker of staging", { timeout: LONG }, async () => {
      const index = "projects/638120947551/locations/us-central1/indexEndpoints/1845093726450819072";
      await platform.withPlatform(variable("mobius-chat-worker", `INDEX: ${index}`), async () => {
        const { err } = await platform.refused(await platform.draft("mixed-staging"));
        expect(err).toContain("error[identifier-foreign]");
        expect(err).toContain("services.mobius-chat-worker.env.INDEX does not belong to staging");
      });
    });

    it("refuses a worker of staging that is told that it is production's", { timeout: LONG }, async () => {
      await platform.withPlatform(variable("mobius-chat-worker", "CHAT_ENV: prod"), async () => {
        const { err } = await platform.refused(await platform.draft("named-staging"));
        expect(err).toContain('error[identifier-foreign]: "prod" in services.mobius-chat-worker.env.CHAT_ENV');
      });
    });
  });

  describe("5, workers that are alive and idle", () => {
    it("warns of a worker without processor time", { timeout: LONG }, async () => {
      const starved = (text: string) =>
        text.replace(
          "args: [worker.js], memory: 256Mi, cpu: 1, minInstances: 1, maxInstances: 1, cpuThrottling: false",
          "args: [worker.js], memory: 256Mi, cpu: 1, minInstances: 0, maxInstances: 1",
        );
      await platform.withPlatform(starved, async () => {
        expect(await textOf(here.run(["validate"]))).toContain("warning[worker-throttled]");
      });
    });

    it("takes traffic back when a worker listens on another queue than its API writes to", {
      timeout: LONG,
    }, async () => {
      const deaf = (text: string) =>
        variable(
          "mobius-chat-worker",
          "REDIS_URL: redis://redis.staging.internal:6379/1",
        )(text.replace(/( {2}mobius-chat-worker:\n[\s\S]*?) {6}REDIS_URL: .*\n/, "$1"));
      await platform.withPlatform(deaf, async () => {
        const { err } = await platform.failed(await platform.draft("deaf-staging"), 10);
        expect(err).toContain("services.mobius-chat-worker.checks[0] on live: ");
      });
      expect((await here.run(["resume", "staging", "--reason", "the queue is mended"])).code).toBe(0);
    });
  });

  it("6, a part of the fleet: nothing moves where one candidate is not good", { timeout: LONG }, async () => {
    const { err } = await platform.failed((await here.manifest()).replace("-staging", "-failing-staging"));
    expect(err).toContain("error[check-failed]");
    const digests = new Set<string | undefined>();
    for (const name of ["mobius-rag", "mobius-rag-chunking-worker", "mobius-rag-embedding-worker"]) {
      digests.add((await platform.service(name)).template.containers[0]?.image.split("@")[1]);
    }
    expect([...digests]).toEqual([expect.stringMatching(/^sha256:/)]);
  });

  describe("7, a script that has rotted", () => {
    it.each(ROTTEN)(
      "$module $script: run with nothing outside reached, and told apart",
      { timeout: LONG },
      async (rotten) => {
        const { module, script, findings } = rotten;
        const asked = [
          "doctor",
          "scripts",
          module,
          "--script",
          `deploy/${script}`,
          "--env",
          "staging",
          "--arg",
          "staging",
        ];
        const told = await here.run(asked);
        expect([told.code, told.err]).toEqual([findings.length === 0 ? 0 : 1, ""]);
        expect(told.out).toContain("nothing reached");
        for (const finding of findings) expect(told.out).toContain(finding);
        expect(told.out.match(/^ {2}(error|warning)\[/gm) ?? []).toHaveLength(findings.length);
      },
    );
  });

  describe("8, secrets", () => {
    it("refuses an address with a password in the platform file, and does not quote it", {
      timeout: LONG,
    }, async () => {
      const line = "SOME_URL: postgresql://me:hunter2@10.0.0.3/db";
      await platform.withPlatform(variable("mobius-rag", line), async () => {
        const { err } = await platform.refused(await platform.draft("plain-staging"));
        expect(err).toContain("error[credential-in-plain-text]");
        expect(err).not.toContain("hunter2");
      });
    });
  });

  it("9, which source was built: never what lies in a working folder", { timeout: LONG }, async () => {
    const file = join(here.umbrella, "mobius-skills", "web-scraper", "read-page.js");
    await writeFile(file, "throw new Error('dirty');\n");
    expect((await plan(platform.manifest)).code).toBe(0);
    expect((await plan(platform.manifest)).out).not.toContain("build (key");
    await here.git("mobius-skills", "checkout", "--quiet", "--", ".");
  });

  it("10, more connections than the database has: nothing begins", { timeout: LONG }, async () => {
    const crowded = (text: string) =>
      text
        .replace(/^( {2}mobius-rag:\n(?: {4}.*\n)*? {4}run: \{.*)maxInstances: 2/m, "$1maxInstances: 40")
        .replace(/^( {2}mobius-rag:\n(?: {4}.*\n)*? {4}env:\n)/m, "    pool: 10\n$1")
        .replace(/^( {4}pool: 10\n)( {2}mobius-rag:\n)/m, "$2$1");
    await platform.withPlatform(crowded, async () => {
      const { err } = await platform.refused(await platform.draft("crowded-staging"));
      expect(err).toContain("error[connections-exceeded]");
      expect(err).toContain("mobius-rag 40 × 10");
    });
  });

  it("11, wiring: a list with commas and an at sign arrives as it was written", { timeout: LONG }, async () => {
    const origins = "https://a.example,https://b.example@c;d^:^e";
    await platform.withPlatform(variable("mobius-skills-scraper", `ORIGINS: "${origins}"`), async () => {
      await platform.released(await platform.draft("wiring-staging"));
      expect((await variables("mobius-skills-scraper")).ORIGINS).toBe(origins);
    });
    await platform.withPlatform(
      variable("mobius-chat-api", "RAG: https://mobius-rag-abcdefghij-uc.a.run.app"),
      async () => {
        expect(await textOf(here.run(["validate"]))).toContain("warning[address-written-out]");
      },
    );
  });

  it("12, knobs that a job left turned: they are found, could be declared, and the next release turns them back", {
    timeout: LONG,
  }, async () => {
    await platform.byHand("mobius-rag-chunking-worker", ({ template }) => {
      template.scaling = { minInstanceCount: 2, maxInstanceCount: 2 };
    });
    const drift = await here.run(["drift", "staging"]);
    expect([drift.code, drift.out]).toEqual([
      7,
      expect.stringContaining("~ service mobius-rag-chunking-worker: min instances\n      expected 1, found: 2."),
    ]);
    const adopted = await here.run(["drift", "staging", "--adopt"]);
    expect([adopted.code, adopted.out]).toEqual([
      0,
      expect.stringMatching(/\+ +\d+ +run: .*minInstances: 2, maxInstances: 2/),
    ]);
    const file = await platform.draft("knobs-staging");
    expect((await plan(file)).out).toMatch(
      /\nDrift\n(.*\n)* {2}~ service mobius-rag-chunking-worker: min instances\n {6}released 1, now: 2; since /,
    );
    expect((await plan(file)).out).toContain("      min instances: 2 → 1\n");
    await platform.released(file);
    expect((await here.run(["drift", "staging"])).code).toBe(0);
  });

  it("13, a check that is green for nothing: an answer that was not expected is no pass", {
    timeout: LONG,
  }, async () => {
    const denied = (text: string) =>
      text.replace(
        '      - { http: "${services.mobius-chat-api.url}/ready"',
        '      - { http: "${services.mobius-chat-api.url}/internal/skill-llm", tries: 1, within: 5s }\n      - { http: "${services.mobius-chat-api.url}/ready"',
      );
    await platform.withPlatform(
      (text) => variable("mobius-chat-api", "PROBE: 1")(denied(text)),
      async () => {
        const { err } = await platform.failed(await platform.draft("ghost-staging"));
        expect(err).toContain("error[check-failed]");
      },
    );
  });
});

async function textOf(ended: Promise<{ readonly out: string; readonly err: string }>): Promise<string> {
  const { out, err } = await ended;
  return out + err;
}
