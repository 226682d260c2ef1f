import {
  applyDecision,
  DECISION_VERSION,
  type DecisionEvent,
  type Decisions,
  UNDECIDED,
} from "../../core/gates/decisions.ts";
import type { ActorId } from "../../core/values/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventLog } from "../../ports/event-log.ts";

/** More environments than any platform has. */
const KEPT = 1_000;
const PREFIX = "environment/";

/** What people decided about each environment, as folds of the streams in the event log. The one writer. */
export class DecisionStreams {
  readonly #eventLog: EventLog;
  readonly #clock: Clock;
  readonly #decisions = new Map<string, Decisions>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(eventLog: EventLog, clock: Clock) {
    this.#eventLog = eventLog;
    this.#clock = clock;
  }

  /** Reads every decision that is in the log. Called once, before anything else. */
  async load(): Promise<void> {
    for (const stream of await this.#eventLog.streams({ prefix: PREFIX, limit: KEPT })) {
      const events = await this.#eventLog.read<DecisionEvent>(stream);
      this.#decisions.set(stream.slice(PREFIX.length), events.reduce(applyDecision, UNDECIDED));
    }
  }

  of(environment: string): Decisions {
    return this.#decisions.get(environment) ?? UNDECIDED;
  }

  /** Appends a decision and gives what holds after it; one after another, as two people may decide at once. */
  record(environment: string, actor: ActorId, event: DecisionEvent): Promise<Decisions> {
    const turn = this.#turn.then(() => this.#append(environment, actor, event));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #append(environment: string, actor: ActorId, event: DecisionEvent): Promise<Decisions> {
    const before = this.of(environment);
    const at = this.#clock.now();
    const appended = await this.#eventLog.append({
      stream: PREFIX + environment,
      expectedSequence: before.lastSequence,
      events: [{ event, version: DECISION_VERSION, actor, at }],
    });
    if (!appended.ok) throw new Error(`another server writes the decisions about ${environment}`);
    const after = applyDecision(before, { event, actor, at, sequence: before.lastSequence + 1 });
    this.#decisions.set(environment, after);
    return after;
  }
}
