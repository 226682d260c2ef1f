/** The release of one real schedule, with its faults beside it: from its request to its record. */
import { cutDatabase, fillDisk, startSecondServer } from "./real-faults.ts";
import type { RealSchedule } from "./real-schedule.ts";
import type { RealWorld } from "./real-world.ts";
import { manifestPath } from "./small-platform.ts";
import { passed, until } from "./until.ts";

/** A release and its faults; what takes longer is stuck. */
const END_MS = 90_000;
/** Its record: written after the end where it failed. */
const RECORD_MS = 30_000;
const MAX_LIVES = 12;

/** The id of the request of schedule number `index`. */
export function requestOf(index: number): string {
  return `schedule-${String(index).padStart(6, "0")}`;
}

/** Runs once. */
export class OneRelease {
  readonly world: RealWorld;
  readonly schedule: RealSchedule;
  readonly #manifest: string;
  /** Kill points of lives to come. */
  readonly points: string[] = [];
  /** What outlived a server. */
  readonly strays: string[] = [];
  readonly wrong: string[] = [];
  kills = 0;
  #release = "";

  constructor(world: RealWorld, schedule: RealSchedule, number: number) {
    this.world = world;
    this.schedule = schedule;
    this.#manifest = manifestPath(number);
  }

  /** To its end and its record. */
  async run(): Promise<void> {
    const { fault } = this.schedule;
    this.world.proxy.arm(fault.kind === "calls" ? fault.fates : {});
    const copies = fault.kind === "duplicates" ? fault.count : 1;
    const ids = await Promise.all(Array.from({ length: copies }, () => this.#ask()));
    this.#release = ids[0] ?? "";
    if (new Set(ids).size > 1) this.wrong.push(`one request has the releases ${ids.join(", ")}`);
    const faults = Promise.all([this.#fault(), this.#cancel()]);
    await until(`${this.#release} ends`, END_MS, async () => (await this.#keepServing()) && (await this.#isFinished()));
    await faults;
    await until("the server is back", END_MS, () => this.#keepServing());
    this.world.proxy.disarm();
    await this.world.setKillPoint(undefined);
    if (this.schedule.faultClass === "kill point" && this.kills === 0)
      this.wrong.push("the kill point was never reached");
    // A shorter one than the faults' time may have ended before them.
    await until(`${this.#release} ends`, END_MS, async () => (await this.#keepServing()) && (await this.#isFinished()));
    await until(
      `the record of ${this.#release}`,
      RECORD_MS,
      async () => (await this.#keepServing()) && this.#isRecorded(),
    );
  }

  /** Sends the request until it has an answer, as a client does. */
  async #ask(): Promise<string> {
    const body = { manifest: this.#manifest, requestId: requestOf(this.schedule.index) };
    let id: string | undefined;
    await until("an answer to the request", END_MS, async () => {
      if (!(await this.#keepServing())) return false;
      const answer = await this.world.tryAsk<{ release?: { id: string } }>("/api/v1/releases", body);
      if (answer !== undefined && answer.status >= 400 && answer.status < 500) {
        throw new Error(`the request was refused: ${JSON.stringify(answer.body)}`);
      }
      id = answer?.body.release?.id;
      return id !== undefined;
    });
    return id ?? "";
  }

  /** Starts the next server where one has died; another caller may be at it. */
  #starting: Promise<void> | undefined;
  async #keepServing(): Promise<boolean> {
    if (this.world.isServing && this.#starting === undefined) return true;
    this.#starting ??= this.#restart().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
    return this.world.isServing;
  }

  async #restart(): Promise<void> {
    this.kills += 1;
    if (this.kills > MAX_LIVES) throw new Error("no server stays");
    this.strays.push(...(await this.world.strays()));
    await this.world.setKillPoint(this.points.shift());
    await this.world.start();
  }

  async #isFinished(): Promise<boolean> {
    const answer = await this.world.tryAsk<{ isFinished: boolean }>(`/api/v1/releases/${this.#release}`);
    return answer?.body.isFinished === true;
  }

  async #isRecorded(): Promise<boolean> {
    const format = "--format=%(trailers:key=Mobius-Release,valueonly)";
    const log = await this.world.here.git(".remotes/umbrella.git", "log", "--max-count=3", format, "main");
    return log.split("\n").includes(this.#release);
  }

  async #fault(): Promise<void> {
    const { world } = this;
    const { fault } = this.schedule;
    switch (fault.kind) {
      case "kills":
        for (const afterMs of fault.afterMs) {
          await passed(afterMs);
          if (!(await this.#keepServing())) continue;
          world.server.kill("SIGKILL");
          await world.server.ended;
        }
        return;
      case "kill-supervisor":
        await passed(fault.afterMs);
        // There is none before the build and after it.
        await world.here.killLast(/supervisor\.ts .*builds/).catch(() => {});
        return;
      case "database":
        return cutDatabase(world, fault);
      case "disk":
        if (!(await fillDisk(world, fault))) this.wrong.push("the disk was never full");
        return;
      case "second-server":
        this.wrong.push(...(await startSecondServer(world, fault.afterMs)));
        return;
      case "kill-points":
      case "calls":
      case "duplicates":
        return;
    }
  }

  async #cancel(): Promise<void> {
    const { cancelAfterMs } = this.schedule;
    if (cancelAfterMs === undefined) return;
    await passed(cancelAfterMs);
    await this.world.tryAsk(`/api/v1/releases/${this.#release}:cancel`, { reason: "changed my mind" });
  }
}
