/**
 * Drives one release to its end: asks `decide` what is next, does it, appends what came of it, and asks again. It holds
 * the environment's lease while the release is under way and stops at once when the lease is lost. A new server makes a
 * new driver for every release that has not ended; nothing else is needed to go on after a crash.
 */

import type { Platform } from "../../core/platform/platform.ts";
import { decide, type Next } from "../../core/release/decide.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import type { Release } from "../../core/release/state.ts";
import { assertNever, present } from "../../core/values/assert.ts";
import { actorId, type ReleaseId } from "../../core/values/ids.ts";
import type { ObservedBuild } from "../../ports/builds.ts";
import type { Fence } from "../../ports/event-log.ts";
import { buildConfigOf } from "./build-config-of.ts";
import { GateKeeper, type GateParts } from "./gate-keeper.ts";
import { movedPreconditions } from "./moved-preconditions.ts";
import type { PhaseContext } from "./phase-context.ts";
import { PhaseInterrupted, PhaseRunner } from "./phase-runner.ts";
import { planStale } from "./problems.ts";
import type { EnvironmentPorts, ReleasePorts } from "./release-ports.ts";
import { FencedOut } from "./release-streams.ts";

const LEASE_MS = 30_000;
const RENEW_MS = 10_000;
/** Pauses while something is awaited: short at first, since most waits are short. */
const POLL_MIN_MS = 50;
const POLL_MAX_MS = 1_000;

export interface DriverRequest extends GateParts {
  readonly release: ReleaseId;
  readonly ports: ReleasePorts;
  readonly environmentPorts: EnvironmentPorts;
  readonly platform: Platform;
}

/** One release's driver. `signal` in `run` ends it without ending the release: a later driver goes on. */
export class ReleaseDriver {
  readonly #request: DriverRequest;
  readonly #phases: PhaseRunner;
  readonly #work = new AbortController();
  readonly #gates: GateKeeper;
  #fence: Fence | undefined;

  constructor(request: DriverRequest) {
    this.#request = request;
    this.#gates = new GateKeeper(request, {
      release: () => this.release,
      record: (event) => this.record(event),
    });
    this.#phases = new PhaseRunner((phase) => this.#contextOf(phase));
  }

  /** Phases are also asked for by the build's steps. */
  get phases(): PhaseRunner {
    return this.#phases;
  }

  get release(): Release {
    return present(this.#request.streams.get(this.#request.release), this.#request.release);
  }

  /** A cancelled release's phases stop at once; what they began is put back by the restore phase. */
  interruptPhases(): void {
    this.#phases.interrupt();
  }

  /** Resolves when the release has ended, the lease is lost or the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#stopWork();
    signal.addEventListener("abort", stop);
    const renewal = this.#renew();
    try {
      // A restarted server takes the lease of what was under way back before a step can ask for a phase.
      if (this.release.stage.name !== "queued") await this.#holdLease();
      let pauseMs = POLL_MIN_MS;
      while (!this.#work.signal.aborted) {
        const next = decide(this.release);
        if (next.kind === "nothing") break;
        const moved = await this.#do(next);
        if (moved) pauseMs = POLL_MIN_MS;
        else await this.#request.ports.clock.sleep(pauseMs, this.#work.signal);
        if (!moved) pauseMs = Math.min(pauseMs * 1.5, POLL_MAX_MS);
      }
    } catch (cause) {
      if (!(cause instanceof FencedOut || cause instanceof PhaseInterrupted)) throw cause;
    } finally {
      this.#stopWork();
      signal.removeEventListener("abort", stop);
      await renewal;
    }
  }

  /** Performs one decision; false when there was nothing to do yet. */
  async #do(next: Next): Promise<boolean> {
    const { environmentPorts } = this.#request;
    switch (next.kind) {
      case "acquire-lease":
        return this.#acquireLease();
      case "submit-build":
        await this.#holdLease();
        await this.#submitBuild(next);
        return true;
      case "await-build":
        return this.#awaitBuild(next.build);
      case "cancel-build":
        this.#phases.interrupt();
        await environmentPorts.builds.cancel(next.build);
        return this.#awaitBuild(next.build);
      case "run-phase":
        await this.#holdLease();
        await this.#phases.run({ phase: next.phase });
        return true;
      case "end":
        await this.#end(next.outcome);
        return true;
      case "nothing":
        return false;
      default:
        return assertNever(next);
    }
  }

  async #acquireLease(): Promise<boolean> {
    const newer = this.#gates.givesWayTo();
    if (newer !== undefined) {
      await this.#end({ kind: "cancelled", reason: `it gave way to ${newer}, as the policy queue: newest asks` });
      return true;
    }
    if (!(await this.#gates.pass()) || !this.#gates.isNext() || !(await this.#takeLease())) return false;
    await this.record({ type: "lease-acquired", token: this.#fence?.token ?? 0 });
    // The plan was made before the wait; what it assumed of the world is looked at again now that nobody else acts.
    const moved = await movedPreconditions(this.#request.environmentPorts, this.release.plan);
    if (moved.length > 0) await this.#end({ kind: "failed", problem: planStale(this.release.plan, moved) });
    return true;
  }

  /** A restarted server's driver takes its release's lease back before it does anything. */
  async #holdLease(): Promise<void> {
    if (this.#fence === undefined && !(await this.#takeLease())) throw new FencedOut(this.release.id);
  }

  async #takeLease(): Promise<boolean> {
    const { ports, environment } = this.#request;
    const lease = `environment/${environment.name}`;
    const taken = await ports.leases.acquire({ lease, holder: this.release.id, ttlMs: LEASE_MS });
    if (taken.kind === "held") return false;
    this.#fence = taken.fence;
    return true;
  }

  async #renew(): Promise<void> {
    const { clock, leases } = this.#request.ports;
    while (!this.#work.signal.aborted) {
      await clock.sleep(RENEW_MS, this.#work.signal);
      if (this.#fence === undefined || this.#work.signal.aborted) continue;
      const isHeld = await leases.renew(this.#fence, LEASE_MS).catch(() => true); // the next append finds out
      if (!isHeld) this.#stopWork();
    }
  }

  #stopWork(): void {
    this.#work.abort();
    this.#phases.interrupt();
  }

  async #submitBuild({ tag, isIntended }: Extract<Next, { kind: "submit-build" }>): Promise<void> {
    const { ports, environmentPorts } = this.#request;
    const { givenBuild } = this.release;
    if (givenBuild !== undefined) {
      const { id, logUrl } = givenBuild;
      const intended = isIntended ? [] : [{ type: "build-intended", tag } as const];
      await this.record(...intended, { type: "build-submitted", build: id, logUrl });
      return;
    }
    // After a crash the build may be there already: it is recognised by its tag, never submitted twice.
    const there = isIntended ? await environmentPorts.builds.findByTag(tag) : undefined;
    if (there !== undefined) {
      await this.record({ type: "build-submitted", build: there.id, logUrl: there.logUrl });
      return;
    }
    const config = await buildConfigOf(this.#request, this.release);
    if (!isIntended) await this.record({ type: "build-intended", tag });
    ports.reach("build:before");
    const submitted = await environmentPorts.builds.submit({ ...config, tags: [...(config.tags ?? []), tag] });
    ports.reach("build:after");
    if (submitted.ok) {
      await this.record({ type: "build-submitted", build: submitted.value.id, logUrl: submitted.value.logUrl });
    } else {
      await this.#end({ kind: "failed", problem: submitted.error });
    }
  }

  async #awaitBuild(build: string): Promise<boolean> {
    const observed = await this.#request.environmentPorts.builds.get(build);
    const isGoing = observed?.status === "QUEUED" || observed?.status === "WORKING" || observed?.status === "PENDING";
    if (isGoing) return false;
    await this.#phases.settled();
    const status = observed?.status ?? "INTERNAL_ERROR";
    const detail = observed === undefined ? "the build is gone" : detailOf(observed);
    await this.record({ type: "build-ended", build, status, detail });
    return true;
  }

  async #end(outcome: Extract<ReleaseEvent, { type: "release-ended" }>["outcome"]): Promise<void> {
    await this.record({ type: "release-ended", outcome });
    if (this.#fence !== undefined) await this.#request.ports.leases.release(this.#fence);
    this.#fence = undefined;
  }

  /** Appends under the lease. Throws `FencedOut` when it is lost. */
  async record(...events: readonly ReleaseEvent[]): Promise<void> {
    await this.#request.streams.record(this.release.id, actorId("system", ""), events, this.#fence);
  }

  #contextOf(phase: {
    readonly name: ReleasePhase;
    readonly subject?: string;
    readonly signal: AbortSignal;
  }): PhaseContext {
    const { ports, environmentPorts, platform, environment } = this.#request;
    const place = { phase: phase.name, ...(phase.subject === undefined ? {} : { subject: phase.subject }) };
    return {
      ports,
      environmentPorts,
      platform,
      environment,
      release: () => this.release,
      record: (...events) => this.record(...events),
      checkLease: async () => {
        const isHeld = this.#fence !== undefined && (await ports.leases.holds(this.#fence));
        if (!isHeld) throw new FencedOut(this.release.id);
      },
      note: (text) => this.record({ type: "phase-noted", ...place, text }),
      ...(phase.subject === undefined ? {} : { subject: phase.subject }),
      signal: phase.signal,
    };
  }
}

/** Cloud Build numbers the step that failed; people know it by its name. */
function detailOf({ statusDetail, failedSteps }: ObservedBuild): string {
  if (failedSteps.length === 0) return statusDetail;
  return `${statusDetail} (${failedSteps.map((step) => `step "${step}"`).join(", ")})`;
}

type ReleasePhase = Extract<ReleaseEvent, { type: "phase-started" }>["phase"];
