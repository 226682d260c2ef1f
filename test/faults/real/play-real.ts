/** Plays one real schedule: a release of a new commit while something goes wrong, and what is to be said of it afterwards. */
import { isDeepStrictEqual } from "node:util";
import { check, type Violation } from "../checkers.ts";
import type { Live, Witness } from "../witness.ts";
import { OneRelease, requestOf } from "./one-release.ts";
import { onSmallDisk } from "./real-faults.ts";
import { pointsOf, type RealSchedule } from "./real-schedule.ts";
import { BEGINNING, type Mark, markNow, readServed, readWitness } from "./real-witness.ts";
import type { RealWorld } from "./real-world.ts";
import { manifestPath, migrationPath, pushChange } from "./small-platform.ts";

export interface RealViolation {
  readonly checker: Violation["checker"] | "records" | "served" | "audit" | "played";
  readonly what: string;
}

export interface Played {
  readonly violations: readonly RealViolation[];
  readonly ends: readonly string[];
  /** Servers that were killed. */
  readonly kills: number;
  /** Calls of the cloud that fared ill. */
  readonly struck: number;
}

/** One after another on one installation. */
export class RealPlay {
  readonly world: RealWorld;
  /** Requests of all schedules. */
  readonly #asked: string[] = [];
  #before: Live = {};
  /** Whether the server that runs was started without anything special. */
  #isPlain = true;
  #heard = 0;

  constructor(world: RealWorld) {
    this.world = world;
  }

  /** Never rejects for what the product did: that is a violation. */
  async play(schedule: RealSchedule): Promise<Played> {
    const number = schedule.index + 1;
    const one = new OneRelease(this.world, schedule, number);
    try {
      await pushChange(this.world.here, { number, ...schedule });
      await this.#prepare(schedule, number, one);
      const since = await markNow(this.world);
      await one.run();
      return await this.#judge(one, since);
    } catch (cause) {
      const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      return { violations: [{ checker: "played", what }], ends: [], kills: one.kills, struck: this.world.proxy.struck };
    }
  }

  /** A server as the schedule needs it; any other is killed while it does nothing, as machines are, too. */
  async #prepare({ fault }: RealSchedule, number: number, one: OneRelease): Promise<void> {
    const { world } = this;
    const needsOwn = fault.kind === "disk";
    if (world.isServing && (needsOwn || !this.#isPlain)) one.strays.push(...(await world.kill()));
    const points = fault.kind === "kill-points" ? pointsOf(fault.points, migrationPath(number)) : [];
    one.points.push(...points);
    await world.setKillPoint(one.points.shift());
    if (!world.isServing) await world.start(fault.kind === "disk" ? onSmallDisk(world, fault) : []);
    this.#isPlain = !needsOwn;
  }

  async #judge(one: OneRelease, since: Mark): Promise<Played> {
    const { world } = this;
    const { schedule } = one;
    const requestId = requestOf(schedule.index);
    this.#asked.push(requestId);
    const resumed = await world.tryAsk("/api/v1/environments/staging:resume", { reason: "the next schedule" });
    const bugs = world.said.slice(this.#heard).filter((text) => /A fault of mobius|Bug:|TypeError/.test(text));
    this.#heard = world.said.length;
    const keepsEnd = ["kill-points", "kills", "duplicates", "second-server"].includes(schedule.fault.kind);
    const expected = { ok: "succeeded", ill: "failed", "ill-live": "rolled-back" } as const;
    const witness = await readWitness(world, {
      since,
      before: this.#before,
      asked: [requestId],
      isReachable: keepsEnd,
      isHeld: resumed?.status === 200,
      strays: one.strays,
      bugs: [...bugs, ...one.wrong],
      ...(keepsEnd && schedule.cancelAfterMs === undefined ? { expected: expected[schedule.health] } : {}),
    });
    this.#before = witness.after;
    await world.removeBackups();
    return {
      violations: [...check(witness), ...(await this.#served(witness)), ...(await this.#audit())],
      ends: Object.values(witness.shown),
      kills: one.kills,
      struck: world.proxy.struck,
    };
  }

  /** Addresses answer with what the revision that has the traffic was built from. */
  async #served(witness: Witness): Promise<readonly RealViolation[]> {
    const wrong: RealViolation[] = [];
    for (const [service, shares] of Object.entries(witness.after)) {
      const [revision = ""] = Object.keys(shares);
      const release = /-rel(\d+)-/.exec(revision)?.[1];
      if (release === undefined) continue;
      const { manifest } = await this.world.ask<{ manifest: string }>(`/api/v1/releases/REL-${release}`);
      const served = await readServed(this.world, service);
      if (served !== undefined && manifestPath(served) === manifest) continue;
      wrong.push({ checker: "served", what: `${revision} is of ${manifest}, and answers with change ${served}` });
    }
    return wrong;
  }

  /** The audit log's chain is whole. */
  async #audit(): Promise<readonly RealViolation[]> {
    const verified = await this.world.ask<{ readonly whole?: boolean }>("/api/v1/audit/verification");
    return verified.whole === true ? [] : [{ checker: "audit", what: JSON.stringify(verified) }];
  }

  /** What holds over all schedules together: the whole history, and records that can be made again from it. */
  async judgeAll(): Promise<readonly RealViolation[]> {
    const { world } = this;
    await world.here.git(".", "pull", "--quiet", "--rebase", "origin", "main");
    const checked = await world.here.run(["records", "export", "--check"]);
    const records = checked.code === 0 ? [] : [{ checker: "records" as const, what: checked.out + checked.err }];
    const about = { before: {}, asked: this.#asked, isReachable: false, isHeld: true, strays: [], bugs: [] };
    const witness = await readWitness(world, { since: BEGINNING, ...about });
    // Another server, made from the log alone, shows and serves the same.
    const left = await world.kill();
    await world.start();
    const again = await readWitness(world, { since: BEGINNING, ...about, strays: left });
    this.#isPlain = true;
    const isSame = isDeepStrictEqual({ ...witness, leaseLeftMs: 0 }, { ...again, leaseLeftMs: 0 });
    const rebuilt = isSame ? [] : [{ checker: "records" as const, what: "a new server shows another state" }];
    return [...records, ...rebuilt, ...check(again)];
  }
}
