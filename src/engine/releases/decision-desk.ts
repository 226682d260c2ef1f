/**
 * What people decide: about a release that waits (approve, reject, let it through a freeze), and about an environment
 * (hold, resume, freeze, lift). Checks who may, appends the event; the release's driver sees it and goes on by itself.
 */
import type { Decisions } from "../../core/gates/decisions.ts";
import { type HoldInForce, holdInForce } from "../../core/gates/hold-in-force.ts";
import type { Policies } from "../../core/platform/platform.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import type { ActorId, ReleaseId } from "../../core/values/ids.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { type Instant, instant } from "../../core/values/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { People } from "../../ports/people.ts";
import {
  approvalByProposer,
  approvalNotAllowed,
  approvalNotNeeded,
  endPassed,
  freezeUnknown,
  holdNotSet,
  releaseNotWaiting,
} from "./decision-problems.ts";
import type { DecisionStreams } from "./decision-streams.ts";
import { isNamedBy } from "./plan-name.ts";
import { planUnknown, releaseEnded, releaseUnknown } from "./problems.ts";
import type { ReleaseStreams } from "./release-streams.ts";

export interface DeskParts {
  readonly streams: ReleaseStreams;
  readonly decisions: DecisionStreams;
  readonly people: People;
  readonly clock: Clock;
  /** The policies of the release's environment, as at the release's umbrella commit. */
  readonly policiesOf: (release: Release) => Promise<Result<Policies, Problem>>;
}

/** A person as the desk knows one. */
export interface Person {
  readonly name: string;
  readonly actor: ActorId;
}

/** Takes the decisions of people. What may not be decided, or not by them, is a problem and changes nothing. */
export class DecisionDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Agrees to the release's plan. `plan` is the digest that the person looked at, or a prefix of it; another is refused. */
  async approve(
    id: ReleaseId,
    person: Person,
    { plan, comment }: { readonly plan?: string; readonly comment: string },
  ): Promise<Result<Release, Problem>> {
    const waiting = this.#waiting(id);
    if (!waiting.ok) return waiting;
    const release = waiting.value;
    if (plan !== undefined && !isNamedBy(release.plan, plan)) return err(planUnknown(plan, release.plan.digest));
    const policies = await this.#parts.policiesOf(release);
    if (!policies.ok) return policies;
    const { approvals } = policies.value;
    if (approvals === undefined || release.plan.actions.rollback !== undefined) {
      return err(approvalNotNeeded(id, release.plan.environment));
    }
    if (release.requestedBy === person.actor) return err(approvalByProposer(id, person.name));
    const roles = await this.#parts.people.rolesOf(person.name);
    if (!roles.some((role) => approvals.from.includes(role))) {
      return err(approvalNotAllowed(id, person.name, roles, approvals.from));
    }
    return this.#offer(id, person, [{ type: "approved", plan: release.plan.digest, roles, comment }]);
  }

  /** Ends a release that has not begun. Whoever asked for it may do so, too. */
  async reject(id: ReleaseId, person: Person, reason: string): Promise<Result<Release, Problem>> {
    const waiting = this.#waiting(id);
    return waiting.ok ? this.#offer(id, person, [{ type: "rejected", reason }]) : waiting;
  }

  /** Lets one release through the freezes that keep it back now; who and why stay in its record. */
  async except(id: ReleaseId, person: Person, reason: string): Promise<Result<Release, Problem>> {
    const waiting = this.#waiting(id);
    if (!waiting.ok) return waiting;
    const frozen = waiting.value.closedGates.filter(({ gate }) => gate === "freeze");
    const freezes = frozen.flatMap(({ subject }) => subject ?? []);
    if (freezes.length === 0) return err(freezeUnknown(`for ${id}`));
    const events = freezes.map((freeze): ReleaseEvent => ({ type: "freeze-excepted", freeze, reason }));
    return this.#offer(id, person, events);
  }

  /** Keeps releases of the environment back until somebody resumes, or until the moment given. */
  async hold(
    environment: string,
    person: Person,
    { reason, until }: { reason: string; until?: Instant },
  ): Promise<Decisions> {
    const event = { type: "held", reason, ...(until === undefined ? {} : { until }) } as const;
    return this.#parts.decisions.record(environment, person.actor, event);
  }

  /** Lifts whatever holds the environment. */
  async resume(environment: string, person: Person, reason: string): Promise<Result<Decisions, Problem>> {
    if (this.holdOf(environment) === undefined) return err(holdNotSet(environment));
    return ok(await this.#parts.decisions.record(environment, person.actor, { type: "resumed", reason }));
  }

  async freeze(
    environment: string,
    person: Person,
    { name, reason, until }: { readonly name: string; readonly reason: string; readonly until: Instant },
  ): Promise<Result<Decisions, Problem>> {
    if (until <= this.#parts.clock.now()) return err(endPassed(`freeze "${name}"`));
    const event = { type: "frozen", freeze: name, reason, until: instant(until) } as const;
    return ok(await this.#parts.decisions.record(environment, person.actor, event));
  }

  /** Ends a freeze that a person set. One of the platform file ends by its own time, or by a change of that file. */
  async liftFreeze(
    environment: string,
    person: Person,
    name: string,
    reason: string,
  ): Promise<Result<Decisions, Problem>> {
    const isSet = this.#parts.decisions.of(environment).freezes.some((freeze) => freeze.name === name);
    if (!isSet) return err(freezeUnknown(`"${name}" that a person set for ${environment}`));
    const event = { type: "freeze-lifted", freeze: name, reason } as const;
    return ok(await this.#parts.decisions.record(environment, person.actor, event));
  }

  /** Lets a difference be until the moment given. It is named by its key, whether it is there or not. */
  async ignoreDrift(
    environment: string,
    person: Person,
    { drift, reason, until }: { readonly drift: string; readonly reason: string; readonly until: Instant },
  ): Promise<Result<Decisions, Problem>> {
    if (until <= this.#parts.clock.now()) return err(endPassed(`ignoring "${drift}"`));
    return ok(
      await this.#parts.decisions.record(environment, person.actor, { type: "drift-ignored", drift, reason, until }),
    );
  }

  /** What holds the environment now. */
  holdOf(environment: string): HoldInForce | undefined {
    const { decisions, streams, clock } = this.#parts;
    return holdInForce({
      environment,
      decisions: decisions.of(environment),
      releases: streams.all(),
      now: clock.now(),
    });
  }

  /** The release, where it has not begun yet. */
  #waiting(id: ReleaseId): Result<Release, Problem> {
    const release = this.#parts.streams.get(id);
    if (release === undefined) return err(releaseUnknown(id));
    if (isEnded(release)) return err(releaseEnded(id));
    return release.stage.name === "queued" ? ok(release) : err(releaseNotWaiting(id));
  }

  async #offer(id: ReleaseId, { actor }: Person, events: readonly ReleaseEvent[]): Promise<Result<Release, Problem>> {
    const changed = await this.#parts.streams.offer(id, actor, events);
    return changed === undefined ? err(releaseNotWaiting(id)) : ok(changed);
  }
}
