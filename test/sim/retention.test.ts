import { expect, it } from "vitest";
import { actorId } from "../../src/core/values/ids.ts";
import { instant } from "../../src/core/values/time.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { flagWorld } from "./flag-set.ts";
import type { SimWorld } from "./sim-world.ts";

const DAY_MS = 86_400_000;
const ada = actorId("person", "ada");

async function engineOf(world: SimWorld, retention: string): Promise<ReleaseEngine> {
  const umbrella = world.files.umbrella as Record<string, string>;
  umbrella["mobius.yaml"] = (umbrella["mobius.yaml"] ?? "").replace("rehearsal: false", `rehearsal: false${retention}`);
  const engine = new ReleaseEngine(world.ports(), (_, cause) => expect.fail(String(cause)));
  await engine.start();
  return engine;
}

function aged(days: readonly number[]): SimWorld {
  const world = flagWorld();
  world.setClock(100 * DAY_MS);
  for (const each of days) world.backups.kept.push({ id: `day-${each}`, at: instant(each * DAY_MS), bytes: 10 });
  return world;
}

it("removes the backups that a policy lets go, says so first, and a rehearsal of it removes none", async () => {
  const world = aged([1, 50, 99, 100]);
  const engine = await engineOf(world, ", retention: { backups: 14d }");
  const would = await engine.retention.prune("staging", { actor: ada, dryRun: true });
  expect(would).toMatchObject({ ok: true, value: { removed: [{ id: "day-1" }, { id: "day-50" }], kept: 2 } });
  expect(world.backups.kept).toHaveLength(4);
  await engine.retention.prune("staging", { actor: ada, dryRun: false });
  expect(world.backups.kept.map(({ id }) => id)).toEqual(["day-99", "day-100"]);
  const [written] = await world.ports().eventLog.read("retention/staging");
  expect(written).toMatchObject({ actor: ada, event: { type: "backups-let-go", backups: [{ id: "day-1" }, {}] } });
  expect(await engine.retention.prune("staging", { actor: ada, dryRun: false })).toMatchObject({
    value: { removed: [] },
  });
  await engine.stop();
});

it("does the rest of a removal that was cut off", async () => {
  const world = aged([1, 2, 99, 100]);
  world.fate = ({ port, method }) =>
    port === "backups" && method === "remove" ? { kind: "throw", isApplied: false, reason: "disk" } : undefined;
  const engine = await engineOf(world, ", retention: { backups: 14d }");
  await expect(engine.retention.prune("staging", { actor: ada, dryRun: false })).rejects.toThrow("disk");
  world.fate = () => undefined;
  await engine.retention.prune("staging", { actor: ada, dryRun: false });
  expect(world.backups.kept.map(({ id }) => id)).toEqual(["day-99", "day-100"]);
  await engine.stop();
});

it("keeps all backups where no policy says how long, and refuses an environment that is not there", async () => {
  const world = aged([1, 2, 3, 4]);
  const engine = await engineOf(world, "");
  expect(await engine.retention.prune("staging", { actor: ada, dryRun: false })).toEqual({
    ok: true,
    value: { environment: "staging", removed: [], kept: 4 },
  });
  expect(await engine.retention.prune("nowhere", { actor: ada, dryRun: false })).toMatchObject({
    ok: false,
    error: [{ code: "environment-unknown" }],
  });
  await engine.stop();
});
