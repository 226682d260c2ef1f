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
import { checklistGates } from "./read-checklist.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseStreams } from "./release-streams.ts";

/** How long a look at the cloud or at the checklist is good for that found something. */
const LOOK_MS = 10_000;

/** What gates are judged by. */
export interface GateParts {
  readonly streams: ReleaseStreams;
  readonly ports: Pick<ReleasePorts, "clock" | "source" | "umbrella">;
  readonly environment: Environment;
  readonly decisions: DecisionStreams;
  /** A look at what is live. */
  readonly checkDrift: () => Promise<DriftReport>;
}

/** What a look found, and until when it is good. */
interface Look {
  readonly gates: readonly ClosedGate[];
  readonly untilMs: number;
}

interface Own {
  readonly release: () => Release;
  readonly record: (event: ReleaseEvent) => Promise<void>;
}

/** Says whether one release may begin now: its gates, and its place among the others of its environment. */
export class GateKeeper {
  readonly #parts: GateParts;
  readonly #own: Own;
  #drift: Look | undefined;
  #checklist: Look | undefined;

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
    const known = closedGates({
      release: this.#own.release(),
      policies,
      decisions: decisions.of(environment.name),
      releases: streams.all(),
      now: ports.clock.now(),
    });
    const told = [...known, ...(await this.#checklistGates())];
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
    const { environment, checkDrift } = this.#parts;
    this.#drift = await this.#look(this.#drift, async () => driftGate(environment.name, (await checkDrift()).drifts));
    return this.#drift.gates;
  }

  /** The umbrella is not fetched at every turn either. */
  async #checklistGates(): Promise<readonly ClosedGate[]> {
    const { environment, ports } = this.#parts;
    const look = () => checklistGates(ports, environment.policies, this.#own.release());
    this.#checklist = await this.#look(this.#checklist, look);
    return this.#checklist.gates;
  }

  /** The look before, while it is good and found something; otherwise another one. */
  async #look(before: Look | undefined, look: () => Promise<readonly ClosedGate[]>): Promise<Look> {
    const nowMs = this.#parts.ports.clock.monotonicMs();
    if (before !== undefined && before.gates.length > 0 && nowMs < before.untilMs) return before;
    return { gates: await look(), untilMs: nowMs + LOOK_MS };
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
