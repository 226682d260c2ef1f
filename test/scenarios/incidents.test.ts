import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Installation } from "./installation.ts";
import { SamplePlatform } from "./sample-platform.ts";

const LONG = 180_000;

/** What went wrong on a platform like the sample, most harmful first, and what comes of it here. */
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
  const drift = async () => here.run(["drift", "staging"]);

  it("1: a variable lost on deploy; 11: a list with commas broken on its way", { timeout: LONG }, async () => {
    const before = await variables("mobius-skills-scraper");
    const origins = "https://a.example,https://b.example@c;d^:^e";
    await platform.withPlatform(
      (text) => text.replace(/( {2}mobius-skills-scraper:\n.*\n.*\n {4}env:\n)/, `$1      ORIGINS: "${origins}"\n`),
      async () => {
        const file = await platform.draft("one-variable-staging");
        const planned = await here.run(["plan", file]);
        console.log(planned.out, planned.err);
        await platform.released(file);
        expect(await variables("mobius-skills-scraper")).toEqual({ ...before, ORIGINS: origins });
      },
    );
  });

  it("2: green, and users on old code", { timeout: LONG }, async () => {
    await platform.byHand("mobius-skills-scraper", (service) => {
      service.traffic = [
        { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: "mobius-skills-scraper-rel1-1", percent: 100 },
      ];
    });
    const d = await drift();
    console.log(d.out, d.err);
    const planned = await here.run(["plan", "release-manifests/one-variable-staging.yaml"]);
    console.log(planned.out.split("Services")[1], planned.err);
  });

  it("3: a migration that nobody named", { timeout: LONG }, async () => {
    const file = await platform.draft("unnamed-staging", (text) => text.replace(/^ {4}- 011_access_events.sql\n/m, ""));
    const planned = await here.run(["plan", file]);
    console.log(planned.out, planned.err);
  });

  it("12", { timeout: LONG }, async () => {
    await platform.byHand("mobius-rag-chunking-worker", ({ template }) => {
      template.scaling = { minInstanceCount: 3, maxInstanceCount: 3 };
    });
    const d = await drift();
    console.log(d.out, d.err);
    const planned = await here.run(["plan", "release-manifests/one-variable-staging.yaml"]);
    console.log(planned.out.split("Services")[1], planned.err);
  });

  it("8", { timeout: LONG }, async () => {
    await platform.withPlatform(
      (text) =>
        text.replace(
          "      QUEUE_TYPE: database\n",
          "      QUEUE_TYPE: database\n      SOME_URL: postgresql://me:hunter2x9@10.0.0.3/db\n      RAG_URL: https://mobius-rag-abc123-uc.a.run.app\n",
        ),
      async () => {
        const planned = await here.run(["validate"]);
        console.log(planned.out, planned.err);
        const p = await here.run(["plan", "release-manifests/one-variable-staging.yaml"]);
        console.log(p.out.split("Services")[1], p.err);
      },
    );
  });
});
