/**
 * The audit log: an append-only chain of rows in the event log, in streams `audit/<n>` of at most 5,000 rows each, so that
 * no read holds more. One server writes at a time, one row after the other.
 */
import {
  type AuditEntry,
  type AuditHead,
  type AuditRow,
  type AuditVerdict,
  CHAIN_START,
  chained,
  firstBroken,
} from "../../core/audit/audit-row.ts";
import { RefusalLimit } from "../../core/audit/refusal-limit.ts";
import { assert } from "../../core/values/assert.ts";
import { actorId } from "../../core/values/ids.ts";
import { instant } from "../../core/values/time.ts";
import type { AuditCheckpoint } from "../../ports/audit-checkpoint.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventLog } from "../../ports/event-log.ts";

const PREFIX = "audit/";
const ROWS_PER_STREAM = 5_000;
/** Rows of one append. */
const MAX_ROWS = 500;

interface AuditEvent {
  readonly type: "audit-recorded";
  readonly row: AuditRow;
}

export interface AuditLogOptions {
  readonly eventLog: EventLog;
  /** At least 32 bytes, kept outside the database. */
  readonly key: Uint8Array;
  readonly checkpoint: AuditCheckpoint;
  readonly clock: Clock;
}

/** The log of one installation. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #limit = new RefusalLimit();
  #head: (AuditHead & { readonly stream: number; readonly sequence: number }) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    assert(options.key.length >= 32, "the audit log's key has at least 32 bytes");
    this.#options = options;
  }

  /** Stores rows; resolves once they are durable. */
  record(entries: readonly AuditEntry[]): Promise<void> {
    return this.#inTurn(() => this.#append(entries));
  }

  /** Stores a refusal, or counts it where its caller has had many. */
  recordRefusal(entry: AuditEntry): Promise<void> {
    return this.#inTurn(() => this.#append(this.#limit.take(entry)));
  }

  /** Stores what has only been counted so far. */
  settle(): Promise<void> {
    return this.#inTurn(() => this.#append(this.#limit.due(Number.POSITIVE_INFINITY)));
  }

  /** All rows in order, from the one after `afterNumber`. */
  async *rows(afterNumber = 0): AsyncIterable<AuditRow> {
    for await (const rows of this.#streams(afterNumber)) yield* rows.filter(({ number }) => number > afterNumber);
  }

  /** The last rows that are no older than `sinceMs`, in order; at most `limit`. */
  async latest(limit: number, sinceMs = 0): Promise<readonly AuditRow[]> {
    await this.#inTurn(() => this.#append(this.#limit.due(this.#options.clock.now())));
    const { number } = await this.#end();
    const found: AuditRow[] = [];
    for await (const row of this.rows(Math.max(0, number - limit))) if (row.at >= sinceMs) found.push(row);
    return found;
  }

  /** Computes the chain again from its first row, and compares its end with the checkpoint. */
  async verify(): Promise<AuditVerdict> {
    const { key, checkpoint } = this.#options;
    // Before the rows: what is written meanwhile is beyond it.
    const noted = await checkpoint.read().catch(() => "damaged" as const);
    if (noted === "damaged") return { whole: false, rows: 0, number: 0, reason: "the checkpoint cannot be read" };
    let head: AuditHead = { number: 0, digest: CHAIN_START };
    let digestThere = noted?.number === 0 ? CHAIN_START : undefined;
    for await (const rows of this.#streams(0)) {
      const broken = firstBroken(rows, head, key);
      if (broken !== undefined) return { whole: false, rows: head.number, ...broken };
      digestThere = rows.find(({ number }) => number === noted?.number)?.digest ?? digestThere;
      head = rows.at(-1) ?? head;
    }
    const rows = head.number;
    if (noted !== undefined && digestThere === undefined) {
      const number = rows + 1;
      return { whole: false, rows, number, reason: `row ${number} is missing: the log had ${noted.number} rows` };
    }
    if (noted !== undefined && digestThere !== noted.digest) {
      const { number } = noted;
      return { whole: false, rows, number, reason: `row ${number} is another one than the checkpoint's` };
    }
    return { whole: true, rows, head: { number: head.number, digest: head.digest } };
  }

  async *#streams(afterNumber: number): AsyncIterable<readonly AuditRow[]> {
    const first = Math.floor(afterNumber / ROWS_PER_STREAM) + 1;
    for (let stream = first; ; stream += 1) {
      const events = await this.#options.eventLog.read<AuditEvent>(nameOf(stream));
      if (events.length === 0) return;
      yield events.map(({ event }) => event.row);
    }
  }

  async #append(entries: readonly AuditEntry[]): Promise<void> {
    const { eventLog, key, checkpoint, clock } = this.#options;
    for (let from = 0; from < entries.length; ) {
      const end = await this.#end();
      const room = Math.min(ROWS_PER_STREAM - end.sequence, MAX_ROWS);
      let head: AuditHead = end;
      const rows = entries.slice(from, from + room).map((entry) => {
        const row = chained(entry, head, key);
        head = row;
        return row;
      });
      const appended = await eventLog.append<AuditEvent>({
        stream: nameOf(end.stream),
        expectedSequence: end.sequence,
        events: rows.map((row) => ({
          event: { type: "audit-recorded", row },
          version: 1,
          actor: actorId("system", ""),
          at: instant(clock.now()),
        })),
      });
      // Another server has written: what was read is old.
      this.#head = undefined;
      if (!appended.ok) continue;
      from += rows.length;
      const last = { number: head.number, digest: head.digest };
      this.#head = nextPlace({ ...last, stream: end.stream, sequence: end.sequence + rows.length });
      await checkpoint.write(last);
    }
  }

  /** Where the next row goes, and what it follows. */
  async #end() {
    if (this.#head !== undefined) return this.#head;
    const { eventLog } = this.#options;
    const [newest] = await eventLog.streams({ prefix: PREFIX, limit: 1 });
    const stream = newest === undefined ? 1 : Number(newest.slice(PREFIX.length));
    const last = (await eventLog.read<AuditEvent>(nameOf(stream))).at(-1);
    const { number, digest } = last?.event.row ?? { number: 0, digest: CHAIN_START };
    this.#head = nextPlace({ number, digest, stream, sequence: last?.sequence ?? 0 });
    return this.#head;
  }

  /** One after the other; a write that fails is told to who asked for it, and the next one goes on. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function nextPlace(end: AuditHead & { readonly stream: number; readonly sequence: number }) {
  return end.sequence < ROWS_PER_STREAM ? end : { ...end, stream: end.stream + 1, sequence: 0 };
}

function nameOf(stream: number): string {
  return `${PREFIX}${String(stream).padStart(6, "0")}`;
}
