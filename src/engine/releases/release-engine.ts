import { isNothingToDo, type Plan } from "../../core/plan/plan.ts";
import type { Platform } from "../../core/platform/platform.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import type { Checked } from "../../core/values/checked.ts";
import type { ActorId, CommitId, ReleaseId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { PlanOutlook } from "../../core/views/plan-outlook.ts";
import type { StoredEvent } from "../../ports/event-log.ts";
import { BaselineDesk } from "./baseline-desk.ts";
import { DecisionDesk } from "./decision-desk.ts";
import { DecisionStreams } from "./decision-streams.ts";
import { DriftAnswers } from "./drift-answers.ts";
import { DriftDesk } from "./drift-desk.ts";
import { MigrationDesk } from "./migration-desk.ts";
import type { PhaseAnswer, PhaseRequest } from "./phase-desk.ts";
import { Places } from "./places.ts";
import { type MadePlan, makePlan, type PlanRequest } from "./plan-maker.ts";
import { isNamedBy } from "./plan-name.ts";
import { planOutlook } from "./plan-outlook.ts";
import { planRollback, type RollbackPlan } from "./plan-rollback.ts";
import { PlatformReader } from "./platform-reader.ts";
import { planUnknown, releaseEnded, releaseUnknown } from "./problems.ts";
import { type PlannedPromotion, planPromotion, promote } from "./promote.ts";
import { ReleaseDrivers } from "./release-drivers.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { Asked, PromotionRequest, ReleaseRequest, Requested, RollbackRequest } from "./release-request.ts";
import { ReleaseStreams } from "./release-streams.ts";
import { RetentionDesk } from "./retention-desk.ts";
import { StepDesk } from "./step-desk.ts";

/**
 * All releases of one installation: takes requests, plans them, and keeps a driver for each that is under way. `start`
 * takes up what an earlier server left; `stop` leaves it for the next one. Nothing here ends a release but its driver.
 */
export class ReleaseEngine {
  readonly #ports: ReleasePorts;
  readonly #streams: ReleaseStreams;
  readonly #platforms: PlatformReader;
  readonly #places: Places;
  readonly #decisions: DecisionStreams;
  /** What people decide. */
  readonly desk: DecisionDesk;
  /** What people ask of ledgers and say of them. */
  readonly migrations: MigrationDesk;
  readonly retention: RetentionDesk;
  /** Takes databases over that something else migrated so far. */
  readonly baselines: BaselineDesk;
  readonly #steps: StepDesk;
  readonly #driftDesk: DriftDesk;
  /** How environments differ from what was released to them, and the ways back. */
  readonly drift: DriftAnswers;
  readonly #drivers: ReleaseDrivers;
  readonly #stopping = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: ReleasePorts, onDriverFailure: (release: ReleaseId, cause: unknown) => void) {
    this.#ports = ports;
    this.#streams = new ReleaseStreams(ports.eventLog, ports.clock);
    this.#platforms = new PlatformReader(ports);
    this.#places = new Places(ports, this.#platforms);
    this.#decisions = new DecisionStreams(ports.eventLog, ports.clock);
    this.desk = new DecisionDesk({
      streams: this.#streams,
      decisions: this.#decisions,
      people: ports.people,
      clock: ports.clock,
      policiesOf: async (release) => {
        const placed = await this.#places.of(release);
        return placed.ok ? ok(placed.value.environment.policies) : placed;
      },
    });
    const ledgers = { ports, places: this.#places, decisions: this.#decisions };
    this.migrations = new MigrationDesk(ledgers);
    this.retention = new RetentionDesk({ ports, streams: this.#streams, places: this.#places });
    this.baselines = new BaselineDesk(ledgers);
    this.#driftDesk = new DriftDesk({ ports, streams: this.#streams, decisions: this.#decisions });
    this.drift = new DriftAnswers({ ...ledgers, driftDesk: this.#driftDesk });
    this.#drivers = new ReleaseDrivers({
      ports,
      streams: this.#streams,
      places: this.#places,
      decisions: this.#decisions,
      driftDesk: this.#driftDesk,
      stopping: this.#stopping.signal,
      onFailure: onDriverFailure,
    });
    this.#steps = new StepDesk({
      ports,
      streams: this.#streams,
      platforms: this.#platforms,
      driverOf: (id) => this.#drivers.of(id),
      request: (asked) => this.request(asked),
      follow: (id, after, signal) => this.follow(id, after, signal),
      stopping: this.#stopping.signal,
    });
  }

  /** Reads the log and goes on with every release that has not ended. */
  async start(): Promise<void> {
    await this.#streams.load();
    await this.#decisions.load();
    await this.#driveActive();
  }

  /** Stops driving; what is under way goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#drivers.settled();
  }

  plan(request: PlanRequest): Promise<Checked<MadePlan>> {
    return makePlan(this.#ports, this.#streams, request);
  }

  /** What a plan does not say: who wrote what it changes, what is closed now, what is live otherwise, how long it may take. */
  outlook(asked: {
    readonly plan: Plan;
    readonly umbrellaCommit: CommitId;
    readonly actor: ActorId;
  }): Promise<PlanOutlook> {
    return planOutlook(
      {
        ports: this.#ports,
        streams: this.#streams,
        decisions: this.#decisions,
        driftDesk: this.#driftDesk,
        places: this.#places,
      },
      asked,
    );
  }

  /** One request at a time, so that two equal ones make one release. */
  request(request: ReleaseRequest): Promise<Result<Requested, NonEmpty<Problem>>> {
    return this.#inTurn(() => this.#request(request));
  }

  /** The platform as the umbrella's main branch has it now. */
  platform(): Promise<Checked<Platform>> {
    return this.#platforms.now();
  }

  /** The plan of giving an environment's traffic back. */
  async planRollback(request: RollbackRequest): Promise<Result<RollbackPlan, NonEmpty<Problem>>> {
    const environment = await this.#places.named(request.environment);
    if (!environment.ok) return environment;
    const { environmentPorts } = environment.value;
    const { name } = environment.value.environment;
    return planRollback(environmentPorts, this.#streams.all(), { ...request, environment: name });
  }

  /** Gives an environment's traffic back to a set that it had: a release like any other, that nothing is built for. */
  rollback(request: RollbackRequest & Asked): Promise<Result<Requested, NonEmpty<Problem>>> {
    return this.#inTurn(async () => {
      const earlier = await this.#requested(request.requestId);
      if (earlier !== undefined) return ok({ kind: "release", release: earlier });
      const planned = await this.planRollback(request);
      if (!planned.ok) return planned;
      const { plan, target } = planned.value;
      return this.#open(request, { plan, umbrellaCommit: target.umbrellaCommit });
    });
  }

  /** What a promotion would release; changes nothing but for images that it copies. */
  planPromotion(request: PromotionRequest): Promise<Result<PlannedPromotion, NonEmpty<Problem>>> {
    return planPromotion(this.#promoting(), request);
  }

  /** Brings what one environment proved to the next: its release waits at the gates there. */
  promote(request: PromotionRequest & Asked): Promise<Result<Requested, NonEmpty<Problem>>> {
    return this.#inTurn(() => promote(this.#promoting(), request));
  }

  #promoting() {
    return {
      ports: this.#ports,
      streams: this.#streams,
      platformAt: async (commit: CommitId) => {
        const platform = await this.#platforms.at(commit);
        return platform.ok ? ok(platform.value) : err(platform.problems);
      },
      request: (request: ReleaseRequest) => this.#request(request),
    };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
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
    this.#drivers.of(id)?.interruptPhases();
    return ok(cancelled);
  }

  /** Answers a step; what the phase notes meanwhile goes to `onLine`. */
  phase(
    build: string,
    request: PhaseRequest,
    onLine: (text: string) => void = () => {},
  ): Promise<Result<PhaseAnswer, Problem>> {
    return this.#steps.answer(build, request, onLine);
  }

  async #request(request: ReleaseRequest): Promise<Result<Requested, NonEmpty<Problem>>> {
    const earlier = await this.#requested(request.requestId);
    if (earlier !== undefined) return ok({ kind: "release", release: earlier });
    const made = await this.plan(request);
    return made.ok ? this.#open(request, made.value) : err(made.problems);
  }

  /** The release that an equal request made, also one whose answer was lost. */
  async #requested(requestId: string): Promise<Release | undefined> {
    await this.#streams.settle();
    await this.#driveActive();
    return this.#streams.all().find((release) => release.requestId === requestId);
  }

  /** Makes the release of a plan and lets it be driven; a plan that changes nothing needs none. */
  async #open(
    request: Asked,
    { plan, umbrellaCommit }: Pick<MadePlan, "plan" | "umbrellaCommit">,
  ): Promise<Result<Requested, NonEmpty<Problem>>> {
    if (request.plan !== undefined && !isNamedBy(plan, request.plan))
      return err([planUnknown(request.plan, plan.digest)]);
    if (isNothingToDo(plan)) return ok({ kind: "nothing-to-do", plan });
    const id: ReleaseId = `REL-${await this.#ports.eventLog.nextNumber("release")}`;
    const { trigger, requestId, actor, build, promotedFrom } = request;
    const requested = { type: "release-requested", release: id, plan, umbrellaCommit, trigger, requestId } as const;
    const release = await this.#streams.record(id, actor, [
      {
        ...requested,
        ...(build === undefined ? {} : { build }),
        ...(promotedFrom === undefined ? {} : { promotedFrom }),
      },
    ]);
    await this.#drivers.drive(release);
    return ok({ kind: "release", release });
  }

  async #driveActive(): Promise<void> {
    for (const release of this.#streams.active()) await this.#drivers.drive(release);
  }
}
