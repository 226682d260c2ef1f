/**
 * Plays one schedule in a world in memory: servers start, die and take over, clients ask until they have an answer, steps
 * of builds ask again as the real ones do. Gives what is known of it in the end.
 */
import { isEnded, type Release } from "../../src/core/release/state.ts";
import { Bug } from "../../src/core/values/assert.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { PhaseInterrupted } from "../../src/engine/releases/phase-runner.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import type { ReleasePorts } from "../../src/engine/releases/release-ports.ts";
import { FencedOut } from "../../src/engine/releases/release-streams.ts";
import type { SimBuild, SimWorld } from "../sim/sim-world.ts";
import { type Course, fateOf, type Schedule } from "./schedule.ts";
import type { Request } from "./stories.ts";
import { type Live, stageText, type Witness } from "./witness.ts";

/** Turns of the event loop after which what has not ended is called stuck. */
const PATIENCE = 30_000;
/** Failed tries of one client, or of one step, before it gives up. */
const TRIES = 30;

/** Answers that break off before a step gives up, as in `mobius phase`. */
const MAX_BROKEN = 5;

/** Changes the ports between engine and world: how bugs are planted. */
export type Plant = (ports: ReleasePorts, world: SimWorld) => ReleasePorts;

interface Server {
  readonly engine: ReleaseEngine;
  readonly life: number;
  readonly gone: Promise<"gone">;
  isGone: boolean;
}

/** Plays a schedule to its end. */
export async function simulate(schedule: Schedule, plant: Plant = (ports) => ports): Promise<Witness> {
  return new Play(schedule, plant).run();
}

/** Plays a story without faults. */
export async function courseOf(story: Schedule["story"]): Promise<Course> {
  const without = { faults: [], cancelAt: 0, keepsEnd: false, isReachable: true } as const;
  const play = new Play({ seed: 0, faultClass: "kill", story, ...without }, (ports) => ports);
  const changes = new Set<number>();
  let seen = 0;
  play.world.fate = ({ number }) => {
    // Seen at the next call: the one before has made it.
    if (play.world.history.length > seen) changes.add(number - 1);
    seen = play.world.history.length;
    return undefined;
  };
  await play.run();
  return { calls: play.world.calls, changes: [...changes] };
}

class Play {
  readonly world: SimWorld;
  readonly #schedule: Schedule;
  readonly #plant: Plant;
  readonly #bugs: string[] = [];
  readonly #running = new Set<string>();
  readonly #before: Live;
  readonly #answered = new Set<string>();
  readonly #sending = new Set<string>();
  readonly #servers: Server[] = [];
  #isCancelled = false;

  constructor(schedule: Schedule, plant: Plant) {
    this.#schedule = schedule;
    this.#plant = plant;
    this.world = schedule.story.make();
    const own = this.world.fate;
    const fate = fateOf(schedule.faults);
    this.world.fate = (call) => own(call) ?? fate(call);
    this.#before = liveOf(this.world);
  }

  async run(): Promise<Witness> {
    const pending = this.#schedule.faults.filter(
      ({ kind }) => kind === "clock" || kind === "second-server" || kind === "duplicate",
    );
    const waves = [...this.#schedule.story.requests];
    for (let turn = 0; turn < PATIENCE; turn += 1) {
      if (this.#servers.every(({ isGone }) => isGone)) await this.#startServer();
      const fault = pending[0];
      if (fault !== undefined && this.world.calls >= fault.at) {
        pending.shift();
        if (fault.kind === "clock") this.world.setClock(fault.byMs);
        if (fault.kind === "second-server") await this.#takeOver(fault.turns);
        if (fault.kind === "duplicate") for (const request of waves[0] ?? []) void this.#send(request);
      }
      const [wave] = waves;
      if (wave !== undefined) this.#ask(wave);
      if (wave?.every(({ id }) => this.#answered.has(id)) === true && this.#isQuiet()) waves.shift();
      if (this.#schedule.story.isCancelled === true) this.#cancel();
      this.#runBuilds();
      if (waves.length === 0 && this.#isQuiet()) break;
      await nextTurn();
    }
    return this.#witness();
  }

  get #server(): Server | undefined {
    return this.#servers.findLast(({ isGone }) => !isGone);
  }

  /** A start that a fault ends is tried again, as whoever watches over servers does. */
  async #startServer(): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const ports = this.world.ports();
      const life = this.world.lives;
      const engine = new ReleaseEngine(this.#plant(ports, this.world), (release, cause) =>
        this.#report(release, cause),
      );
      const gone = this.world.death(life).then(() => "gone" as const);
      const server: Server = { engine, life, gone, isGone: false };
      void gone.then(() => {
        server.isGone = true;
      });
      const started = await Promise.race([engine.start().then(() => "started", String), gone]);
      if (started === "started") {
        this.#servers.push(server);
        return;
      }
    }
    throw new Error("no server starts");
  }

  #report(release: string, cause: unknown): void {
    if (cause instanceof Bug || cause instanceof TypeError) this.#bugs.push(`${release}: ${cause.message}`);
  }

  /** The server before has lost its hold on the installation, and learns of it a little later. */
  async #takeOver(turns: number): Promise<void> {
    const old = this.#server;
    await this.#startServer();
    if (old === undefined) return;
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    void old.engine.stop();
    old.isGone = true;
  }

  #ask(wave: readonly Request[]): void {
    for (const request of wave) {
      if (this.#answered.has(request.id) || this.#sending.has(request.id)) continue;
      this.#sending.add(request.id);
      void this.#send(request).finally(() => this.#sending.delete(request.id));
    }
  }

  async #send(request: Request): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const answer = await Promise.race([request.send(server.engine).catch(() => "failed" as const), server.gone]);
    if (answer === "gone" || answer === "failed") return; // asked again at the next turn
    if (answer.ok) this.#answered.add(request.id);
  }

  #cancel(): void {
    const server = this.#server;
    if (this.#isCancelled || server === undefined || this.world.calls < this.#schedule.cancelAt) return;
    const release = server.engine.list()[0];
    if (release === undefined || isEnded(release)) return;
    this.#isCancelled = true;
    void server.engine.cancel(release.id, actorId("person", "ada"), "changed my mind").catch(() => {
      this.#isCancelled = false;
    });
  }

  #isQuiet(): boolean {
    const server = this.#server;
    if (server === undefined) return false;
    const releases = server.engine.list();
    return releases.length > 0 && releases.every(isEnded);
  }

  #runBuilds(): void {
    for (const build of this.world.builds.values()) {
      if (build.status !== "WORKING" || this.#running.has(build.id)) continue;
      this.#running.add(build.id);
      void this.#runBuild(build).finally(() => this.#running.delete(build.id));
    }
  }

  /** Steps one after another; a step whose server is away asks the next one. */
  async #runBuild(build: SimBuild): Promise<void> {
    for (const step of build.config.steps) {
      const [, phase = "", subject] = step.args ?? [];
      const answer = await this.#phase(build, { phase, ...(subject === undefined ? {} : { subject }) });
      if (build.status !== "WORKING") return;
      if (answer === undefined || !answer.ok) {
        Object.assign(build, { status: "FAILURE", detail: answer?.error.summary ?? "no answer" });
        return;
      }
      const { order } = answer.value;
      if (order.kind !== "build-image") continue;
      const digest = digestOf(`image of ${order.labels["org.mobius.build-key"]}`);
      for (const tag of order.tags) this.world.images.set(`${order.repository}:${tag}`, digest);
      const reference = `${order.repository}@${digest}`;
      this.world.images.set(reference, digest);
      const report = { kind: "image-built", image: order.image, digest, reference } as const;
      const noted = await this.#phase(build, { phase: "report", report });
      if (build.status === "WORKING" && noted?.ok !== true) {
        Object.assign(build, { status: "FAILURE", detail: noted?.error.summary ?? "no answer" });
        return;
      }
    }
    if (build.status === "WORKING") build.status = "SUCCESS";
  }

  async #phase(build: SimBuild, request: Parameters<ReleaseEngine["phase"]>[1]) {
    let broken = 0;
    for (let turn = 0; turn < PATIENCE && build.status === "WORKING" && broken < MAX_BROKEN; turn += 1) {
      const server = this.#server;
      if (server === undefined) {
        await nextTurn();
        continue;
      }
      const asked = server.engine.phase(build.id, request).catch((cause: unknown) => {
        return cause instanceof FencedOut || cause instanceof PhaseInterrupted ? ("broken" as const) : undefined;
      });
      const answer = await Promise.race([asked, server.gone]);
      if (answer !== "gone" && answer !== "broken" && !server.isGone) return answer;
      if (answer === "broken") broken += 1;
    }
    return undefined;
  }

  #witness(): Witness {
    const { world } = this;
    const { story, keepsEnd, isReachable } = this.#schedule;
    const engine = this.#server?.engine;
    const builds = [...world.builds.values()].filter(({ status }) => status === "WORKING");
    const releases: readonly Release[] = engine?.list() ?? [];
    return {
      history: world.history,
      before: this.#before,
      after: liveOf(world),
      revisions: Object.fromEntries([...world.services].map(([name, { revisions }]) => [name, [...revisions.keys()]])),
      ledger: world.ledger,
      writtenBack: world.written.map(({ release }) => release),
      leftOver: builds.map(({ id }) => `build ${id}`),
      leaseLeftMs: world.leaseLeftMs("environment/staging"),
      shown: Object.fromEntries(releases.map((release) => [release.id, stageText(release)])),
      isHeld: engine?.desk.holdOf("staging") !== undefined,
      asked: story.requests.flat().map(({ id }) => id),
      ...(keepsEnd && story.ends !== undefined ? { expected: story.ends } : {}),
      isReachable,
      bugs: this.#bugs,
    };
  }
}

/** What has traffic now. */
function liveOf({ services }: SimWorld): Live {
  return Object.fromEntries(
    [...services].map(([name, { traffic }]) => [
      name,
      Object.fromEntries(traffic.flatMap(({ revision, percent }) => (percent === 0 ? [] : [[revision, percent]]))),
    ]),
  );
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
