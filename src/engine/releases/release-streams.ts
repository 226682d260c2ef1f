import { applyEvent, foldRelease, type Recorded } from "../../core/release/apply-event.ts";
import { RELEASE_EVENT_VERSION, type ReleaseEvent } from "../../core/release/events.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import { Bug } from "../../core/values/assert.ts";
import { type ActorId, isReleaseId, type ReleaseId } from "../../core/values/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventLog, Fence } from "../../ports/event-log.ts";

/** How many releases are kept at hand: lists go back as far as this. */
const KEPT = 10_000;

/** The writer lost its lease: somebody else drives the release now, so it must stop at once. */
export class FencedOut extends Error {
  override readonly name = "FencedOut";
}

/**
 * Releases as folds of their streams in the event log. The one writer: every event is tried on the state before it is
 * appended, so that an illegal one never gets into the log. Writes to one release are done one after another.
 */
export class ReleaseStreams {
  readonly #eventLog: EventLog;
  readonly #clock: Clock;
  readonly #releases = new Map<ReleaseId, Release>();
  readonly #turns = new Map<ReleaseId, Promise<unknown>>();
  /** Streams of which an append got no answer, or was refused: the log may hold more than is known here. */
  readonly #doubtful = new Set<ReleaseId>();

  constructor(eventLog: EventLog, clock: Clock) {
    this.#eventLog = eventLog;
    this.#clock = clock;
  }

  /** Reads every release that is in the log. Called once, before anything else. */
  async load(): Promise<void> {
    for (const stream of await this.#eventLog.streams({ prefix: "release/", limit: KEPT })) {
      const id = stream.slice("release/".length);
      if (isReleaseId(id)) await this.#read(id);
    }
  }

  /** Reads one release afresh. */
  reload(id: ReleaseId): Promise<void> {
    return this.#inTurn(id, () => this.#read(id));
  }

  /** Reads afresh what is in doubt: after this, every release that the log holds is known. */
  async settle(): Promise<void> {
    for (const id of [...this.#doubtful]) await this.reload(id);
  }

  async #read(id: ReleaseId): Promise<void> {
    const stream = `release/${id}`;
    const events = await this.#eventLog.read<ReleaseEvent>(stream);
    this.#doubtful.delete(id);
    if (events.length === 0) return;
    const folded = foldRelease(events.map(asRecorded));
    if (!folded.ok) throw new Bug(`${stream} holds ${folded.error.event} in stage ${folded.error.stage}`);
    this.#releases.set(id, folded.value);
  }

  get(id: ReleaseId): Release | undefined {
    return this.#releases.get(id);
  }

  /** All, newest first. */
  all(): readonly Release[] {
    return [...this.#releases.values()].sort((a, b) => number(b.id) - number(a.id));
  }

  /** Those that have not ended, oldest first. */
  active(): readonly Release[] {
    return this.all()
      .filter((release) => !isEnded(release))
      .reverse();
  }

  /**
   * Appends what happened and gives the state after it. Throws `FencedOut` when the lease behind the fence is gone, and
   * `Bug` for an event that is illegal here.
   */
  record(id: ReleaseId, actor: ActorId, events: readonly ReleaseEvent[], fence?: Fence): Promise<Release> {
    return this.#inTurn(id, () => this.#append(id, actor, events, fence));
  }

  /**
   * Like `record`, for what people ask: where it no longer fits, as another was faster, nothing is appended and the answer
   * is undefined.
   */
  offer(id: ReleaseId, actor: ActorId, events: readonly ReleaseEvent[]): Promise<Release | undefined> {
    return this.#inTurn(id, async () => {
      if (this.#doubtful.has(id)) await this.#read(id);
      return this.#fits(id, actor, events) ? await this.#append(id, actor, events) : undefined;
    });
  }

  /** A driver that did not know of an event has decided on an old state: it stops, and another one begins with what is there. */
  async #catchUp(id: ReleaseId, fence: Fence | undefined): Promise<void> {
    const known = this.#releases.get(id)?.lastSequence;
    await this.#read(id);
    if (fence !== undefined && this.#releases.get(id)?.lastSequence !== known)
      throw new FencedOut(`${id} has moved on`);
  }

  #inTurn<T>(id: ReleaseId, write: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(write);
    this.#turns.set(
      id,
      turn.catch(() => {}),
    );
    return turn;
  }

  #fits(id: ReleaseId, actor: ActorId, events: readonly ReleaseEvent[]): boolean {
    const at = this.#clock.now();
    let release = this.#releases.get(id);
    for (const event of events) {
      const next = applyEvent(release, { event, at, actor, sequence: (release?.lastSequence ?? 0) + 1 });
      if (!next.ok) return false;
      release = next.value;
    }
    return true;
  }

  async #append(id: ReleaseId, actor: ActorId, events: readonly ReleaseEvent[], fence?: Fence): Promise<Release> {
    if (this.#doubtful.has(id)) await this.#catchUp(id, fence);
    const before = this.#releases.get(id);
    const at = this.#clock.now();
    let release = before;
    let sequence = before?.lastSequence ?? 0;
    for (const event of events) {
      sequence += 1;
      const next = applyEvent(release, { event, at, actor, sequence });
      if (!next.ok) throw new Bug(`${next.error.event} cannot follow in stage ${next.error.stage} of ${id}`);
      release = next.value;
    }
    if (release === undefined) throw new Bug(`no event was given for ${id}`);
    this.#doubtful.add(id);
    const appended = await this.#eventLog.append({
      stream: `release/${id}`,
      expectedSequence: before?.lastSequence ?? 0,
      events: events.map((event) => ({ event, version: RELEASE_EVENT_VERSION, actor, at })),
      ...(fence === undefined ? {} : { fence }),
    });
    if (!appended.ok) throw new FencedOut(`${id}: ${appended.error.kind}`);
    this.#doubtful.delete(id);
    this.#releases.set(id, release);
    return release;
  }
}

function asRecorded(stored: { event: ReleaseEvent; at: Recorded["at"]; actor: ActorId; sequence: number }): Recorded {
  return { event: stored.event, at: stored.at, actor: stored.actor, sequence: stored.sequence };
}

function number(id: ReleaseId): number {
  return Number(id.slice("REL-".length));
}
