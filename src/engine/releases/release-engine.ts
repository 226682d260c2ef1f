/**
 * Releases as people and steps meet them: asks for plans and releases, follows and cancels them, answers phases, and
 * keeps a driver for each that has not ended. `start` is recovery: after a crash it is all that has to be called.
 */
import type { Plan } from "../../core/plan/plan.ts";
import { isNothingToDo } from "../../core/plan/plan.ts";
import { buildOf } from "../../core/release/apply-event.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import type { Checked } from "../../core/values/checked.ts";
import { type ActorId, actorId, type ReleaseId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { StoredEvent } from "../../ports/event-log.ts";
import { openFromBuild } from "./open-from-build.ts";
import { answerPhase, type PhaseAnswer, type PhaseRequest } from "./phase-desk.ts";
import { type MadePlan, makePlan, type PlanRequest } from "./plan-maker.ts";
import { PlatformReader } from "./platform-reader.ts";
import { buildWithoutRelease, planUnknown, releaseEnded, releaseUnknown } from "./problems.ts";
import { ReleaseDriver } from "./release-driver.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseRequest, Requested } from "./release-request.ts";
import { ReleaseStreams } from "./release-streams.ts";

/** How long a step's first request may be ahead of the record of its build. */
const BUILD_KNOWN_MS = 10_000;
const POLL_MS = 20;
/** Digits of a plan's digest that are enough to name it. */
const PREFIX_LENGTH = 12;

/**
 * All releases of one installation: takes requests, plans them, and keeps a driver for each that is under way. `start`
 * takes up what an earlier server left; `stop` leaves it for the next one. Nothing here ends a release but its driver.
 */
export class ReleaseEngine {
  readonly #ports: ReleasePorts;
  readonly #streams: ReleaseStreams;
  readonly #platforms: PlatformReader;
  readonly #drivers = new Map<ReleaseId, { driver: ReleaseDriver; done: Promise<void> }>();
  readonly #stopping = new AbortController();
  readonly #onDriverFailure: (release: ReleaseId, cause: unknown) => void;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: ReleasePorts, onDriverFailure: (release: ReleaseId, cause: unknown) => void) {
    this.#ports = ports;
    this.#streams = new ReleaseStreams(ports.eventLog, ports.clock);
    this.#platforms = new PlatformReader(ports);
    this.#onDriverFailure = onDriverFailure;
  }

  /** Reads the log and goes on with every release that has not ended. */
  async start(): Promise<void> {
    await this.#streams.load();
    for (const release of this.#streams.active()) await this.#drive(release);
  }

  /** Stops driving; what is under way goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#drivers.values()].map(({ done }) => done));
  }

  plan(request: PlanRequest): Promise<Checked<MadePlan>> {
    return makePlan(this.#ports, this.#streams, request);
  }

  /** One request at a time, so that two equal ones make one release. */
  request(request: ReleaseRequest): Promise<Result<Requested, NonEmpty<Problem>>> {
    const turn = this.#turn.then(() => this.#request(request));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  list(): readonly Release[] {
    return this.#streams.all();
  }

  /** By its id, or by a manifest's `release_id` (its latest release). */
  get(name: string): Release | undefined {
    return this.#streams.all().find((release) => release.id === name || release.plan.manifest.releaseId === name);
  }

  /** A release's events from the sequence on, as they come, until it has ended or the signal aborts. */
  async *follow(id: ReleaseId, after: number, signal: AbortSignal): AsyncIterable<StoredEvent<ReleaseEvent>> {
    for await (const stored of this.#ports.eventLog.follow<ReleaseEvent>(`release/${id}`, after, signal)) {
      yield stored;
      if (stored.event.type === "release-ended") return;
    }
  }

  events(id: ReleaseId): Promise<readonly StoredEvent<ReleaseEvent>[]> {
    return this.#ports.eventLog.read<ReleaseEvent>(`release/${id}`);
  }

  /** Accepted in every state but the last; what it began is put back first. */
  async cancel(id: ReleaseId, actor: ActorId, reason: string): Promise<Result<Release, Problem>> {
    const release = this.#streams.get(id);
    if (release === undefined) return err(releaseUnknown(id));
    if (isEnded(release)) return err(releaseEnded(id));
    const cancelled = await this.#streams.record(id, actor, [{ type: "cancel-requested", reason }]);
    this.#drivers.get(id)?.driver.interruptPhases();
    return ok(cancelled);
  }

  /**
   * Answers a step; what the phase notes meanwhile goes to `onLine`. The step may come before the record of its build is
   * written, so it waits for that a little.
   */
  async phase(
    build: string,
    request: PhaseRequest,
    onLine: (text: string) => void = () => {},
  ): Promise<Result<PhaseAnswer, Problem>> {
    const opened = await this.#openedBy(build, request.phase);
    if (!opened.ok) return opened;
    if (opened.value === "nothing-to-do") {
      return ok({ summary: "nothing to do: the environment has this already", order: { kind: "none" } });
    }
    const release = opened.value;
    const driver = release === undefined ? undefined : this.#drivers.get(release.id)?.driver;
    if (release === undefined || driver === undefined || isEnded(release)) return err(buildWithoutRelease(build));
    const platform = await this.#platforms.at(release.umbrellaCommit);
    if (!platform.ok) return err(platform.problems[0]);
    const answered = new AbortController();
    void this.#passNotes(release, request, onLine, answered.signal);
    try {
      return await answerPhase({ driver, platform: platform.value, ports: this.#ports }, request);
    } finally {
      answered.abort();
    }
  }

  async #passNotes(
    release: Release,
    request: PhaseRequest,
    onLine: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const { event } of this.follow(release.id, release.lastSequence, signal)) {
      const isOurs = event.type === "phase-noted" && event.phase === request.phase && event.subject === request.subject;
      if (isOurs) onLine(event.text);
    }
  }

  async #request(request: ReleaseRequest): Promise<Result<Requested, NonEmpty<Problem>>> {
    const earlier = this.#streams.all().find((release) => release.requestId === request.requestId);
    if (earlier !== undefined) return ok({ kind: "release", release: earlier });
    const made = await this.plan(request);
    if (!made.ok) return err(made.problems);
    const { plan, umbrellaCommit } = made.value;
    if (request.plan !== undefined && !isNamedBy(plan, request.plan))
      return err([planUnknown(request.plan, plan.digest)]);
    if (isNothingToDo(plan)) return ok({ kind: "nothing-to-do", plan });
    const id: ReleaseId = `REL-${await this.#ports.eventLog.nextNumber("release")}`;
    const { trigger, requestId, actor, build } = request;
    const requested = { type: "release-requested", release: id, plan, umbrellaCommit, trigger, requestId } as const;
    const release = await this.#streams.record(id, actor, [
      { ...requested, ...(build === undefined ? {} : { build }) },
    ]);
    await this.#drive(release);
    return ok({ kind: "release", release });
  }

  async #drive(release: Release): Promise<void> {
    const platform = await this.#platforms.at(release.umbrellaCommit);
    const environment = platform.ok ? platform.value.environments[release.plan.environment] : undefined;
    if (!platform.ok || environment === undefined) {
      const problem = platform.ok ? releaseUnknown(release.id) : platform.problems[0];
      await this.#streams.record(release.id, actorId("system", ""), [
        { type: "release-ended", outcome: { kind: "failed", problem } },
      ]);
      return;
    }
    const driver = new ReleaseDriver({
      release: release.id,
      streams: this.#streams,
      ports: this.#ports,
      environmentPorts: await this.#ports.environment(platform.value, environment),
      platform: platform.value,
      environment,
    });
    const done = driver
      .run(this.#stopping.signal)
      .catch((cause: unknown) => this.#onDriverFailure(release.id, cause))
      .finally(() => this.#drivers.delete(release.id));
    this.#drivers.set(release.id, { driver, done });
  }

  /** The release that the build belongs to, or opens. */
  async #openedBy(build: string, phase: string): Promise<Result<Release | "nothing-to-do" | undefined, Problem>> {
    const active = this.#streams.active();
    const own = active.find((candidate) => buildId(candidate) === build);
    if (own !== undefined) return ok(own);
    const isOpening = active.some((candidate) => candidate.givenBuild?.id === build);
    const known = isOpening ? undefined : await this.#releaseOf(build);
    if (known !== undefined) return ok(known);
    const parts = {
      ports: this.#ports,
      streams: this.#streams,
      request: (asked: ReleaseRequest) => this.request(asked),
    };
    return openFromBuild(parts, { build, phase }, this.#stopping.signal);
  }

  async #releaseOf(build: string): Promise<Release | undefined> {
    const deadlineMs = this.#ports.clock.monotonicMs() + BUILD_KNOWN_MS;
    for (;;) {
      const release = this.#streams.active().find((candidate) => buildId(candidate) === build);
      if (release !== undefined || this.#ports.clock.monotonicMs() > deadlineMs) return release;
      if (!this.#streams.active().some((candidate) => buildOf(candidate.stage).kind === "intended")) return undefined;
      await this.#ports.clock.sleep(POLL_MS, this.#stopping.signal);
    }
  }
}

function buildId(release: Release): string | undefined {
  const build = buildOf(release.stage);
  return build.kind === "submitted" || build.kind === "ended" ? build.id : undefined;
}

function isNamedBy(plan: Plan, name: string): boolean {
  const hex = name.replace(/^sha256:/, "");
  return hex.length >= PREFIX_LENGTH && plan.digest.slice("sha256:".length).startsWith(hex);
}
