import { assert, assertNever } from "../../core/values/assert.ts";
import type { ActorId } from "../../core/values/ids.ts";
import { err, ok } from "../../core/values/result.ts";
import { instant } from "../../core/values/time.ts";
import type { Ids } from "../../ports/clock.ts";
import type { EventLog, NewEvent, StoredEvent } from "../../ports/event-log.ts";
import type { StoreConnection } from "./store-connection.ts";
import type { StreamSignals } from "./stream-signals.ts";

/** Above this many bytes of JSON an event is a bug of the writer. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** A notification carries the stream's name, and holds less than 8000 bytes. */
const MAX_STREAM_NAME_BYTES = 1_000;
/** Events of one append. */
const MAX_EVENTS = 1_000;

interface EventRow {
  readonly id: string;
  readonly stream: string;
  readonly sequence: number;
  readonly version: number;
  readonly at: number;
  readonly actor: string;
  readonly payload: unknown;
}

interface AppendRow {
  readonly outcome: "appended" | "sequence-conflict" | "fenced-out";
  readonly actual: number;
  readonly ids: readonly string[];
}

/** The event log as a table. Its one write is the function `mobius.append_events`. */
export function createEventLog(options: {
  readonly connection: StoreConnection;
  readonly signals: StreamSignals;
  readonly ids: Ids;
}): EventLog {
  const { connection, signals, ids } = options;

  async function read<E extends { readonly type: string }>(stream: string, afterSequence = 0) {
    // PostgreSQL refuses it in a parameter, so no stream has it in its name; callers ask for whatever stands in an address.
    if (stream.includes("\0")) return [];
    const rows = await connection.query<EventRow>(
      `SELECT id, stream, sequence, version, at, actor, payload FROM mobius.events
        WHERE stream = $1 AND sequence > $2 ORDER BY sequence`,
      [stream, afterSequence],
    );
    return rows.map((row) => storedEvent<E>(row));
  }

  return {
    async append({ stream, expectedSequence, events, fence }) {
      const [row] = await connection.query<AppendRow>(
        "SELECT * FROM mobius.append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
          ...[stream, expectedSequence, ids.uuid(), ...columnsOf(stream, events)],
          ...(fence === undefined ? [undefined, undefined, undefined] : [fence.lease, fence.holder, fence.token]),
        ],
      );
      assert(row !== undefined, "append_events gave no row");
      switch (row.outcome) {
        case "appended":
          return ok(
            events.map((event, index) => ({
              ...event,
              ...{ id: Number(row.ids[index]), stream, sequence: expectedSequence + index + 1 },
            })),
          );
        case "sequence-conflict":
          return err({ kind: "sequence-conflict", actual: row.actual });
        case "fenced-out":
          return err({ kind: "fenced-out", lease: fence?.lease ?? "" });
        default:
          return assertNever(row.outcome);
      }
    },
    read,
    async streams({ prefix, limit }) {
      const rows = await connection.query<{ stream: string }>(
        `SELECT stream FROM mobius.events WHERE sequence = 1 AND starts_with(stream, $1) ORDER BY id DESC LIMIT $2`,
        [prefix, limit],
      );
      return rows.map((row) => row.stream);
    },
    async *follow<E extends { readonly type: string }>(stream: string, afterSequence: number, signal: AbortSignal) {
      const end = AbortSignal.any([signal, signals.closed]);
      const watch = signals.watch(stream);
      let seen = afterSequence;
      try {
        while (!end.aborted) {
          // Before the read: what comes between read and wait then ends the wait at once.
          watch.reset();
          for (const event of await read<E>(stream, seen)) {
            if (end.aborted) return;
            assert(event.sequence === seen + 1, `${stream} has no event ${seen + 1}`);
            seen = event.sequence;
            yield event;
          }
          await watch.changed(end);
        }
      } finally {
        watch.close();
      }
    },
    async nextNumber(series) {
      const [row] = await connection.query<{ last: string }>(
        `INSERT INTO mobius.numbers AS n (series, last) VALUES ($1, 1)
          ON CONFLICT (series) DO UPDATE SET last = n.last + 1 RETURNING last`,
        [series],
      );
      return Number(row?.last);
    },
  };
}

function columnsOf(stream: string, events: readonly NewEvent[]): readonly unknown[] {
  assert(Buffer.byteLength(stream) <= MAX_STREAM_NAME_BYTES, "a stream's name is too long");
  assert(events.length <= MAX_EVENTS, `${events.length} events in one append`);
  const payloads = events.map(({ event }) => JSON.stringify(event));
  for (const payload of payloads) {
    const bytes = Buffer.byteLength(payload);
    if (bytes > MAX_PAYLOAD_BYTES) throw new RangeError(`an event of ${stream} has ${bytes} bytes`);
  }
  const types = events.map(({ event }) => event.type);
  const versions = events.map((event) => event.version);
  const ats = events.map((event) => event.at);
  const actors = events.map((event) => event.actor);
  return [types, versions, ats, actors, payloads];
}

function storedEvent<E extends { readonly type: string }>(row: EventRow): StoredEvent<E> {
  return {
    id: Number(row.id),
    stream: row.stream,
    sequence: row.sequence,
    version: row.version,
    at: instant(row.at),
    // Both were written from these very types by `append`, the only writer.
    actor: row.actor as ActorId,
    event: row.payload as E,
  };
}
