import { beforeEach, describe, expect, it } from "vitest";
import type { EnvValue } from "../../src/core/plan/observed.ts";
import { present } from "../../src/core/values/assert.ts";
import { MANIFEST, PLATFORM_TEXT, type ServerWorld, startServerWorld, TOKEN } from "../server/server-world.ts";
import { releaseIn } from "../sim/sim-run.ts";
import { runMobius } from "./run-mobius.ts";

const PLATFORM = PLATFORM_TEXT.replace(
  "  api: { image: app }\n",
  `  api:
    image: app
    run: { memory: 512Mi } # enough
    env:
      MODE: plain          # how it runs
      OLD: "1"
      BUCKET: "\${overrides.bucket}"
      FULL: "\${services.api.url}/x"
`,
).replace("environments:", "overrides:\n  bucket: { type: string }\nenvironments:");
const MANIFEST_TEXT = `release_id: x-staging # ours
commits:
  app: "${"1".repeat(40)}"
env_overrides:
  bucket: first
`;

/** A server whose environment was released, and then changed by somebody. */
async function meddledServer(
  env: (released: Readonly<Record<string, EnvValue>>) => Readonly<Record<string, EnvValue>>,
): Promise<ServerWorld> {
  const server = await startServerWorld({ platformText: PLATFORM });
  const { world } = server;
  Object.assign(present(world.files.umbrella, "the umbrella"), { [MANIFEST]: MANIFEST_TEXT });
  await releaseIn(world, MANIFEST, []);
  await server.engine.start();
  const api = present(world.services.get("api"), "api");
  const { template } = present(api.revisions.get("api-rel1-1"), "its revision");
  api.revisions.set("api-x", { template: { ...template, memory: "4Gi", env: env(template.env) }, labels: {} });
  api.traffic = [{ revision: "api-x", percent: 100 }];
  return server;
}

const plain = (value: string): EnvValue => ({ kind: "plain", value });

describe("adopting drift", () => {
  let files: Record<string, string>;
  beforeEach(() => {
    files = { "mobius.yaml": PLATFORM, [MANIFEST]: MANIFEST_TEXT };
  });
  const mobius = (server: ServerWorld, ...argv: readonly string[]) =>
    runMobius(["drift", "staging", "--adopt", ...argv], { url: server.base, token: TOKEN, files });

  it("declares what is live where the expected value came from, keeps comments, and names what it cannot with the reason", async () => {
    await using server = await meddledServer(({ OLD: _, ...rest }) => ({
      ...rest,
      ...{ MODE: plain("fast"), BUCKET: plain("second"), FULL: plain("http://y"), NEW: plain("yes") },
      API_TOKEN: plain("sk-live-0123456789abcdef"),
      KEY: { kind: "secret", secret: "app-key", version: "3" },
    }));
    const shown = await mobius(server);
    expect(shown.code).toBe(0);
    expect(shown.err).toContain("Nothing is written.");
    expect(shown.files.get("mobius.yaml")).toBe(PLATFORM);
    expect(shown.out).toMatch(/- +\d+ {7}MODE: plain {10}# how it runs\n/);
    expect(shown.out).toMatch(/\+ +\d+ {7}MODE: fast {10}# how it runs\n/);
    expect(shown.out).not.toContain("sk-live");

    const written = await mobius(server, "--write");
    expect(written.files.get("mobius.yaml")).toBe(
      PLATFORM.replace("memory: 512Mi } # enough", "memory: 4Gi } # enough")
        .replace("MODE: plain ", "MODE: fast ")
        .replace('      OLD: "1"\n', "")
        .replace(
          '      FULL: "${services.api.url}/x"\n',
          '      FULL: "${services.api.url}/x"\n      NEW: "yes"\n    secrets:\n      KEY: app-key:3\n',
        ),
    );
    expect(written.files.get(MANIFEST)).toBe(MANIFEST_TEXT.replace("bucket: first", "bucket: second"));
    expect(written.err).toContain("mobius.yaml counts for every environment that has the service.");
    const reasons = written.out.slice(written.out.indexOf("Left as it is:"));
    expect(reasons).toContain("service api: traffic\n      Traffic is not declared.");
    expect(reasons).toContain("service api: env API_TOKEN\n      Its value looks like a credential");
    expect(reasons).toContain("service api: env FULL\n      It is made of ${services.api.url}/x");
  });

  it("writes nothing where a file would have problems afterwards, or is not there", async () => {
    await using server = await meddledServer((env) => ({
      ...env,
      RAG_URL: plain("https://mobius-rag-abc-uc.a.run.app"),
    }));
    const first = present(server.world.services.get("api"), "api");
    const x = present(first.revisions.get("api-x"), "its revision");
    first.revisions.set("api-x", { ...x, template: { ...x.template, minInstances: 20 } });
    const refused = await mobius(server, "--write");
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining("it must be at least minInstances")]);
    expect(refused.files.get("mobius.yaml")).toBe(PLATFORM);
    files = {};
    const missing = await mobius(server, "--write");
    expect([missing.code, missing.err]).toEqual([3, expect.stringContaining("error[file-not-found]")]);
  });

  it("has nothing to do where nothing drifted", async () => {
    await using server = await startServerWorld({ platformText: PLATFORM_TEXT });
    const { code, out } = await mobius(server);
    expect([code, out]).toEqual([0, "There is nothing to adopt.\n"]);
  });
});
