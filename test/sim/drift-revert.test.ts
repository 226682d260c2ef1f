import { describe, expect, it } from "vitest";
import { present } from "../../src/core/values/assert.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { instant } from "../../src/core/values/time.ts";
import type { RevertReport } from "../../src/engine/releases/drift-reverter.ts";
import type { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { driftWorld, engineOf, look } from "./drift-world.ts";
import type { SimWorld } from "./sim-world.ts";

const ADA = { name: "ada", actor: actorId("person", "ada") };
const RELEASED = [{ revision: "api-rel1-1", percent: 100 }];

async function revert(engine: ReleaseEngine): Promise<RevertReport> {
  const reverted = await engine.drift.revert("staging", ADA, "changed by hand");
  if (!reverted.ok) throw new Error(`${reverted.error[0].summary} ${reverted.error[0].why.join(" ")}`);
  return reverted.value;
}

/** Somebody deploys another revision, which takes a part of the traffic, and changes the job. */
function meddleWith(sim: SimWorld): void {
  const api = present(sim.services.get("api"), "api");
  api.revisions.set("api-x", present(api.revisions.get("api-rel1-1"), "its revision"));
  api.traffic = [
    { revision: "api-rel1-1", percent: 90 },
    { revision: "api-x", percent: 10 },
  ];
  sim.jobs.set("nightly", { ...present(sim.jobs.get("nightly"), "the job"), memory: "8Gi" });
}

const decisionsOf = async (sim: SimWorld) =>
  (await sim.ports().eventLog.read<{ type: string }>("environment/staging")).map(({ event }) => event);

describe("reverting drift", () => {
  it("gives traffic back and declares jobs as they were released; intent, reason and person are kept", async () => {
    const sim = await driftWorld();
    const job = sim.jobs.get("nightly");
    meddleWith(sim);
    const report = await revert(await engineOf(sim));
    expect(report).toMatchObject({
      done: ["service api: all traffic to api-rel1-1", "job nightly: as REL-1 declared it"],
      left: [],
      drift: { state: "in-sync", revert: { by: "person:ada", reason: "changed by hand", state: "done" } },
    });
    expect([sim.services.get("api")?.traffic, sim.jobs.get("nightly")]).toEqual([RELEASED, job]);
    expect(await decisionsOf(sim)).toEqual([
      { type: "drift-revert-intended", reason: "changed by hand", steps: report.done },
      { type: "drift-revert-ended", failures: [] },
    ]);
    expect(await revert(await engineOf(sim))).toMatchObject({ done: [], left: [] });
    expect(await decisionsOf(sim)).toHaveLength(2);
  });

  it("makes a service that was removed again, as its release made it, under its released name", async () => {
    const sim = await driftWorld();
    const before = structuredClone(present(sim.services.get("api"), "api"));
    sim.services.delete("api");
    const { done, drift } = await revert(await engineOf(sim));
    expect([done, drift.state]).toEqual([["service api: revision api-rel1-1 made again, with all traffic"], "in-sync"]);
    expect(sim.services.get("api")?.revisions.get("api-rel1-1")).toEqual(before.revisions.get("api-rel1-1"));
  });

  it("leaves what is not its own, with the reason of each: ledgers, secrets, strays, what is ignored or unknown", async () => {
    const sim = await driftWorld();
    const row = present(sim.ledger[0], "the ledger's row");
    sim.ledger.push({ ...row, identifier: "sql:002.sql", checksum: digestOf("2"), release: "psql" });
    sim.services.set("stray", structuredClone(present(sim.services.get("api"), "api")));
    sim.jobs.delete("nightly");
    const engine = await engineOf(sim);
    const until = instant((await look(engine)).checkedAt + 60_000);
    await engine.desk.ignoreDrift("staging", ADA, { drift: "job nightly: job", reason: "being moved", until });
    sim.fate = ({ method }) =>
      method === "latestVersion" ? { kind: "throw", isApplied: false, reason: "403" } : undefined;
    const { done, left, drift } = await revert(engine);
    expect([done, drift.state, sim.services.has("stray")]).toEqual([[], "drifted", true]);
    expect(left.map(({ key, reason }) => `${key}: ${reason.split(/[.:]/)[0]}`)).toEqual([
      "service stray: service: No release made it, so there is nothing to go back to",
      "job nightly: job: It is ignored",
      "database app_db: migration sql:002.sql: Migrations are not taken back",
      "secret app-key: version: It could not be looked at, so nobody knows what to put right",
    ]);
  });

  it("says what could not be done, does everything else, and does only that when it is asked again", async () => {
    const sim = await driftWorld();
    meddleWith(sim);
    const engine = await engineOf(sim);
    sim.fate = ({ method }) =>
      method === "setTraffic" ? { kind: "throw", isApplied: false, reason: "403" } : undefined;
    expect(await engine.drift.revert("staging", ADA, "")).toMatchObject({
      error: [{ code: "drift-not-reverted", why: ["service api: all traffic to api-rel1-1: 403"] }],
    });
    sim.fate = () => undefined;
    expect((await revert(engine)).done).toEqual(["service api: all traffic to api-rel1-1"]);
  });

  it("is refused while a release has the environment", async () => {
    const sim = await driftWorld();
    meddleWith(sim);
    const taken = await sim.ports().leases.acquire({ lease: "environment/staging", holder: "REL-7", ttlMs: 60_000 });
    const engine = await engineOf(sim);
    const before = structuredClone(sim.services.get("api")?.traffic);
    expect(await engine.drift.revert("staging", ADA, "")).toMatchObject({
      error: [{ code: "environment-busy", summary: "staging is being changed by REL-7." }],
    });
    expect([taken.kind, sim.services.get("api")?.traffic, await decisionsOf(sim)]).toEqual(["acquired", before, []]);
  });

  it("comes to the same end wherever it is killed, and is never begun without its intent", async () => {
    const whole = await driftWorld();
    meddleWith(whole);
    const engine = await engineOf(whole);
    whole.crashAt(undefined);
    await revert(engine);
    const calls = whole.calls;
    expect(calls).toBeGreaterThan(8);
    for (let call = 1; call <= calls; call += 1) {
      for (const side of ["before", "after"] as const) {
        const sim = await driftWorld();
        meddleWith(sim);
        const before = structuredClone(sim.services.get("api")?.traffic);
        const first = await engineOf(sim);
        sim.crashAt({ call, side });
        await Promise.race([revert(first), sim.crashed]);
        const label = `${side} call ${call}`;
        const isTouched = JSON.stringify(sim.services.get("api")?.traffic) !== JSON.stringify(before);
        sim.crashAt(undefined);
        expect(!isTouched || (await decisionsOf(sim))[0]?.type === "drift-revert-intended", label).toBe(true);
        const { clock } = sim.ports();
        while (sim.leaseLeftMs("environment/staging") > 0) await clock.sleep(200);
        const { drift } = await revert(await engineOf(sim));
        expect([drift.state, sim.services.get("api")?.traffic], label).toEqual(["in-sync", RELEASED]);
        expect(
          sim.effects.filter((effect) => effect === "revision api-rel1-1"),
          label,
        ).toHaveLength(1);
      }
    }
  }, 60_000);
});
