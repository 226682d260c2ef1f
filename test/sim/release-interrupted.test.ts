import { describe, expect, it } from "vitest";
import { present } from "../../src/core/values/assert.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { stateName } from "../../src/core/views/project-release.ts";
import { PhaseInterrupted } from "../../src/engine/releases/phase-runner.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { check } from "../faults/checkers.ts";
import type { Fault, Schedule } from "../faults/schedule.ts";
import { simulate } from "../faults/simulate.ts";
import { STORIES } from "../faults/stories.ts";
import { releasesOf, stageText } from "../faults/witness.ts";
import { GOOD, MANIFEST, sampleWorld } from "./sample-set.ts";
import type { Fate, PortCall } from "./sim-calls.ts";
import { releaseIn } from "./sim-run.ts";
import type { SimWorld } from "./sim-world.ts";

type Arm = (call: PortCall, world: SimWorld) => Fate | undefined;

/** Plays a story in which one call fares ill, and gives how each release ended; no invariant may be violated. */
async function ends(name: string, arm: Arm, faults: readonly Fault[] = []): Promise<readonly string[]> {
  const story = present(
    STORIES.find((each) => each.name === name),
    name,
  );
  const make = () => {
    const world = story.make();
    world.fate = (call) => arm(call, world);
    return world;
  };
  const schedule: Schedule = {
    ...{ seed: 0, faultClass: "everything", faults, cancelAt: 0 },
    ...{ story: { ...story, make }, keepsEnd: false, isReachable: true },
  };
  const witness = await simulate(schedule);
  expect(check(witness)).toEqual([]);
  return releasesOf(witness).map(stageText);
}

/** Lets one call that matches come to this. */
function once(port: string, method: string, fate: Fate): Arm {
  let left = 1;
  return (call) => {
    if (call.port !== port || call.method !== method || left === 0) return undefined;
    left -= 1;
    return fate;
  };
}

const cut = (isApplied: boolean): Fate => ({ kind: "throw", isApplied, reason: "connection reset" });

describe("a release goes on without a restart", () => {
  it("when its build cannot be looked at for a moment", async () => {
    expect(await ends("first release", once("builds", "get", cut(false)))).toEqual(["ended succeeded"]);
  });

  it("when the answer to the build's submission is lost", async () => {
    expect(await ends("first release", once("builds", "submit", cut(true)))).toEqual(["ended succeeded"]);
  });

  it("when the database is away while it takes the lease", async () => {
    expect(await ends("first release", once("leases", "acquire", cut(false)))).toEqual(["ended succeeded"]);
  });

  it("when the lease is taken and the answer is lost", async () => {
    expect(await ends("first release", once("leases", "acquire", cut(true)))).toEqual(["ended succeeded"]);
  });
});

describe("a request whose answer is lost", () => {
  it("makes one release, also when it is sent again", async () => {
    const first = once("eventLog", "append", cut(true));
    expect(await ends("first release", first)).toEqual(["ended succeeded"]);
  });
});

describe("traffic that is given back", () => {
  it("is given back although somebody else changes the service meanwhile", async () => {
    let isMoved = false;
    let conflicts = 2;
    const arm: Arm = ({ port, method }, world) => {
      isMoved ||= world.history.some(
        (entry) =>
          entry.kind === "event" &&
          entry.recorded.event.type === "phase-started" &&
          entry.recorded.event.phase === "restore",
      );
      if (!isMoved || port !== "services" || method !== "setTraffic" || conflicts === 0) return undefined;
      conflicts -= 1;
      return { kind: "conflict" };
    };
    expect(await ends("ill live set", arm)).toEqual(["ended rolled-back"]);
    expect(conflicts).toBe(0);
  });
});

describe("a soak time", () => {
  it("takes no day longer when the clock is set back by one", async () => {
    let isSet = false;
    const arm: Arm = (_call, world) => {
      const isSoaking = world.history.some(
        (entry) => entry.kind === "event" && entry.recorded.event.type === "soak-started",
      );
      if (isSoaking && !isSet) world.setClock(-24 * 3_600_000);
      isSet ||= isSoaking;
      return undefined;
    };
    expect(await ends("first release", arm)).toEqual(["ended succeeded"]);
    expect(isSet).toBe(true);
  });
});

describe("a server that stops", () => {
  it("leaves a migration that it was about to begin to the next one, and says nothing of it", async () => {
    const sim = sampleWorld();
    const engine = new ReleaseEngine(sim.ports(), () => {});
    let stopped: Promise<void> | undefined;
    sim.fate = ({ port, method }) => {
      if (port === "databases" && method === "applySql") stopped ??= engine.stop();
      return undefined;
    };
    await engine.start();
    const asked = { manifestPath: MANIFEST, requestId: MANIFEST, trigger: "manual:ada" };
    const requested = await engine.request({ ...asked, actor: actorId("person", "ada") });
    expect(requested.ok).toBe(true);
    await expect.poll(() => sim.builds.size, { timeout: 5_000, interval: 1 }).toBe(1);
    for (const phase of ["checkout", "load", "back-up"]) expect((await engine.phase("b-1", { phase })).ok).toBe(true);
    await expect(engine.phase("b-1", { phase: "migrate" })).rejects.toThrow(PhaseInterrupted);
    await stopped;
    expect(sim.ledger.map(({ identifier }) => identifier)).toEqual(["db/001.sql"]);

    expect(stateName(await releaseIn(sim, MANIFEST, []))).toBe("succeeded");
    expect(sim.ledger.map(({ identifier }) => identifier)).toEqual(["db/001.sql", "db/002.sql"]);
    expect(Object.keys(GOOD).sort()).toEqual([...sim.services.keys()].sort());
  });

  it("takes a soak time that it cuts short for no failure", async () => {
    const faults: Fault[] = [{ kind: "second-server", at: 1, turns: 0 }];
    // The takeover stops the server before at the first turn after its soak began.
    const arm: Arm = (_call, world) => {
      if (!world.history.some((entry) => entry.kind === "event" && entry.recorded.event.type === "soak-started")) {
        Object.assign(faults[0] ?? {}, { at: world.calls + 1 });
      }
      return undefined;
    };
    expect(await ends("first release", arm, faults)).toEqual(["ended succeeded"]);
  });
});
