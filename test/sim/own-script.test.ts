import { expect, it } from "vitest";
import { actorId } from "../../src/core/values/ids.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { flagWorld, OLD } from "./flag-set.ts";

it("refuses access to a step that asks for a script of a module that has none", async () => {
  const world = flagWorld();
  const engine = new ReleaseEngine(world.ports(), (_, cause) => expect.fail(String(cause)));
  await engine.start();
  await engine.request({ manifestPath: OLD, requestId: "1", trigger: "manual:ada", actor: actorId("person", "ada") });
  await expect.poll(() => world.builds.size).toBe(1);
  const answer = await engine.phase("b-1", { phase: "script", subject: "app" });
  expect(answer).toMatchObject({ ok: false, error: { code: "script-not-allowed" } });
  await engine.stop();
});
