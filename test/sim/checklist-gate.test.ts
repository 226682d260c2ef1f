import { expect, it } from "vitest";
import type { Release } from "../../src/core/release/state.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { flagWorld, OLD } from "./flag-set.ts";

const FILE = "docs/production_build_checklist.md";
const row = (tick: string, evidence: string) =>
  `# Checklist\n\n| 5 | Secrets are there <!-- mobius:before staging --> | ${tick} | ${evidence} |\n`;

it("keeps a release back until the checklist's rows are ticked for it, and says which", async () => {
  const world = flagWorld();
  const umbrella = world.files.umbrella as Record<string, string>;
  umbrella["mobius.yaml"] = (umbrella["mobius.yaml"] ?? "").replace(
    "rehearsal: false",
    "rehearsal: false, checklist: complete",
  );
  const engine = new ReleaseEngine(world.ports(), (_, cause) => expect.fail(String(cause)));
  await engine.start();
  await engine.request({ manifestPath: OLD, requestId: "1", trigger: "manual:ada", actor: actorId("person", "ada") });
  const release = () => engine.list()[0] as Release;
  const reason = () => release().closedGates.map(({ gate, reason }) => `${gate}: ${reason}`);

  await expect.poll(reason).toEqual([`checklist: ${FILE} cannot be read: the umbrella has no such file.`]);
  umbrella[FILE] = "# Checklist\n";
  await expect.poll(reason).toEqual([`checklist: ${FILE} asks nothing before a release to staging.`]);
  umbrella[FILE] = row("☑", "old-staging-2");
  await expect
    .poll(reason)
    .toEqual([`checklist: 1 row of ${FILE} not ticked for old-staging: "5 Secrets are there old-staging-2".`]);
  expect(release().closedGates).toMatchObject([{ waitsFor: "person", opens: expect.stringContaining("old-staging") }]);
  umbrella[FILE] = row("☑", "old-staging, Ada");
  await expect.poll(() => release().stage.name).toBe("building");
  await engine.stop();
});
