import { driftGate } from "../../core/drift/drift-gate.ts";
import { closedGates } from "../../core/gates/closed-gates.ts";
import type { Environment } from "../../core/platform/platform.ts";
import { isProtected } from "../../core/platform/protection.ts";
import type { ClosedGate } from "../../core/release/closed-gate.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import type { Release } from "../../core/release/state.ts";
import { canonicalJson } from "../../core/values/digest.ts";
import type { ReleaseId } from "../../core/values/ids.ts";
import type { DecisionStreams } from "./decision-streams.ts";
import type { DriftReport } from "./drift-desk.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseStreams } from "./release-streams.ts";

/** How long a look that found drift is good for. */
const DRIFT_LOOK_MS = 10_000;

/** What gates are judged by. */
export interface GateParts {
  readonly streams: ReleaseStreams;
  readonly ports: Pick<ReleasePorts, "clock">;
  readonly environment: Environment;
  readonly decisions: DecisionStreams;
  /** A look at what is live. */
  readonly checkDrift: () => Promise<DriftReport>;
}

interface Own {
  readonly release: () => Release;
  readonly record: (event: ReleaseEvent) => Promise<void>;
}

/** Says whether one release may begin now: its gates, and its place among the others of its environment. */
export class GateKeeper {
  readonly #parts: GateParts;
  readonly #own: Own;
  #drift: { readonly gates: readonly ClosedGate[]; readonly untilMs: number } | undefined;

  constructor(parts: GateParts, own: Own) {
    this.#parts = parts;
    this.#own = own;
  }

  /** First come, first served: an older release of the environment goes first, unless a gate keeps it back. */
  isNext(): boolean {
    const { environment, streams } = this.#parts;
    const first = streams
      .active()
      .find(({ plan, closedGates: closed }) => plan.environment === environment.name && closed.length === 0);
    return first?.id === this.#own.release().id;
  }

  /** Whether every gate is open now. What keeps the release back is recorded whenever it changes, and only then. */
  async pass(): Promise<boolean> {
    const { environment, streams, decisions, ports } = this.#parts;
    const { policies } = environment;
    const told = closedGates({
      release: this.#own.release(),
      policies,
      decisions: decisions.of(environment.name),
      releases: streams.all(),
      now: ports.clock.now(),
    });
    // What is live is looked at last, as that asks the cloud.
    const isLookedAt =
      told.length === 0 && isProtected(environment) && this.#own.release().plan.actions.rollback === undefined;
    const gates = isLookedAt ? await this.#driftGates() : told;
    if (canonicalJson(gates) !== canonicalJson(this.#own.release().closedGates)) {
      await this.#own.record(gates.length === 0 ? { type: "gates-opened" } : { type: "gates-closed", gates });
    }
    return gates.length === 0;
  }

  /** Drift that is there stays for a while: the cloud is not asked at every turn. */
  async #driftGates(): Promise<readonly ClosedGate[]> {
    const { environment, ports, checkDrift } = this.#parts;
    const nowMs = ports.clock.monotonicMs();
    if (this.#drift !== undefined && nowMs < this.#drift.untilMs) return this.#drift.gates;
    const { drifts } = await checkDrift();
    const gates = driftGate(environment.name, drifts);
    this.#drift = gates.length === 0 ? undefined : { gates, untilMs: nowMs + DRIFT_LOOK_MS };
    return gates;
  }

  /** `queue: newest`: the newer release of the environment that this one gives way to while it waits. */
  givesWayTo(): ReleaseId | undefined {
    const { environment, streams } = this.#parts;
    const own = this.#own.release();
    if (environment.policies.queue !== "newest" || own.plan.actions.rollback !== undefined) return undefined;
    const newest = streams.active().findLast(({ plan }) => plan.environment === environment.name);
    return newest === undefined || newest.id === own.id ? undefined : newest.id;
  }
}
