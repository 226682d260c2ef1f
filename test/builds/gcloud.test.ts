import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { registerCloudBuildV1 } from "../../src/cloud/cloud-build-v1/cloud-build-v1.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { createBuildWorld } from "./build-world.ts";
import { gcloudAgainst, HAS_GCLOUD } from "./gcloud-against.ts";

// A client that nobody here wrote. A skip is no pass: the report names it.
describe.skipIf(!HAS_GCLOUD)("the real gcloud", () => {
  it("submits, lists, describes and cancels builds", { timeout: 120_000 }, async () => {
    await using world = createBuildWorld();
    const app = Fastify();
    const caller = { kind: "person", name: "ada" } as const;
    let url = "";
    registerCloudBuildV1(app, {
      engine: world.engine,
      clock: systemClock,
      authority: createProjectAuthority(),
      callerOf: () => caller,
      serverUrl: () => url,
    });
    url = await app.listen({ host: "127.0.0.1", port: 0 });
    try {
      const apis = ["CLOUDBUILD", "STORAGE", "SERVICEUSAGE"];
      const ask = gcloudAgainst({ url, folder: join(world.directory, "gcloud"), apis, token: "ada" });
      const gcloud = (...args: readonly string[]) => ask("builds", ...args);
      const config = join(world.directory, "cloudbuild.yaml");
      writeFileSync(
        config,
        "steps:\n- name: ubuntu\n  wait_for: '-'\n  args: [echo, 'hi $_X']\ntags: [from-gcloud]\noptions: {logging: CLOUD_LOGGING_ONLY}\n",
      );
      const submit = ["submit", "--no-source", `--config=${config}`, "--async", "--format=value(id)"];
      const id = (await gcloud(...submit, "--substitutions=_X=there")).trim();
      const build = await world.engine.ended(id, AbortSignal.timeout(20_000));
      expect(build?.stage).toMatchObject({ status: "SUCCESS" });
      expect(await world.log(build ?? (await Promise.reject(new Error("no build"))))).toContain("\nhi there\n");
      expect(await gcloud("list", "--filter=tags=from-gcloud", "--format=value(id,status)")).toBe(`${id}\tSUCCESS\n`);
      expect(await gcloud("describe", id, "--format=value(status,substitutions._X)")).toBe("SUCCESS\tthere\n");

      writeFileSync(config, "steps:\n- name: ubuntu\n  args: [sleep, '60']\noptions: {logging: CLOUD_LOGGING_ONLY}\n");
      const slow = (await gcloud(...submit)).trim();
      await gcloud("cancel", slow);
      expect((await world.engine.ended(slow, AbortSignal.timeout(20_000)))?.stage).toMatchObject({
        status: "CANCELLED",
      });

      writeFileSync(config, "steps:\n- name: ubuntu\n  args: [echo, $MANIFEST_PATH]\n");
      await expect(gcloud(...submit)).rejects.toThrow(
        'key in the template "MANIFEST_PATH" is not a valid built-in substitution',
      );
    } finally {
      app.server.closeAllConnections();
      await app.close();
    }
  });
});
