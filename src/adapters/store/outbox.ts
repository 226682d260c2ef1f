import { assertNever } from "../../core/values/assert.ts";
import { instant } from "../../core/values/time.ts";
import type { ChannelCount, MessageState, Outbox, OutgoingMessage, StoredMessage } from "../../ports/outbox.ts";
import type { StoreConnection } from "./store-connection.ts";

/** Above this many bytes of JSON a message is a bug of the writer. */
const MAX_CONTENT_BYTES = 4 * 1024 * 1024;

interface MessageRow {
  readonly id: string;
  readonly channel: string;
  readonly environment: string;
  readonly about: string;
  readonly created_at: number;
  readonly content: unknown;
  readonly state: MessageState["name"];
  readonly tries: number;
  readonly at: number;
  readonly reason: string | undefined;
}

const COLUMNS = "id, channel, environment, about, created_at, content, state, tries, at, reason";

/** The outbox as rows beside the events that feed it. */
export function createOutbox(connection: StoreConnection): Outbox {
  return {
    async unread(limit) {
      const rows = await connection.query<{ stream: string; position: number }>(
        "SELECT stream, position FROM mobius.outbox_feeds WHERE is_unread ORDER BY stream LIMIT $1",
        [limit],
      );
      return rows.map(({ stream, position }) => ({ stream, sequence: position }));
    },
    async add({ messages, read }) {
      await connection.query("SELECT mobius.add_to_outbox($1, $2, $3, $4, $5, $6, $7, $8)", [
        ...columnsOf(messages),
        ...[read?.stream, read?.sequence],
      ]);
    },
    async due({ now, channel, limit }) {
      const rows = await connection.query<MessageRow>(
        `SELECT ${COLUMNS} FROM mobius.outbox WHERE state = 'waiting' AND channel = $1 AND at <= $2
          ORDER BY at, number LIMIT $3`,
        [channel, now, limit],
      );
      return rows.map(messageOf);
    },
    async settle(id, state) {
      const at = state.name === "waiting" ? state.dueAt : state.at;
      const reason = state.name === "delivered" ? undefined : state.reason;
      await connection.query("UPDATE mobius.outbox SET state = $2, tries = $3, at = $4, reason = $5 WHERE id = $1", [
        ...[id, state.name, state.tries, at, reason],
      ]);
    },
    async channels(wanted) {
      const rows = await connection.query<ChannelCount & { readonly count: string }>(
        `SELECT channel, state, count(*) AS count, (array_agg(reason ORDER BY number DESC)
          FILTER (WHERE reason IS NOT NULL))[1] AS reason
          FROM mobius.outbox WHERE $1::text IS NULL OR state = $1 GROUP BY channel, state ORDER BY channel, state`,
        [wanted],
      );
      return rows.map(({ channel, state, count, reason }) => ({
        ...{ channel, state, count: Number(count) },
        ...(reason === undefined || reason === null ? {} : { reason }),
      }));
    },
    async list({ state, limit }) {
      const rows = await connection.query<MessageRow>(
        `SELECT ${COLUMNS} FROM mobius.outbox WHERE $1::text IS NULL OR state = $1 ORDER BY number DESC LIMIT $2`,
        [state, limit],
      );
      return rows.map(messageOf);
    },
    async forget(before) {
      const rows = await connection.query(
        "DELETE FROM mobius.outbox WHERE state <> 'waiting' AND at < $1 RETURNING number",
        [before],
      );
      return rows.length;
    },
  };
}

function columnsOf(messages: readonly OutgoingMessage[]): readonly unknown[] {
  const contents = messages.map(({ id, content }) => {
    const text = JSON.stringify(content);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_CONTENT_BYTES) throw new RangeError(`message ${id} has ${bytes} bytes`);
    return text;
  });
  return [
    messages.map(({ id }) => id),
    messages.map(({ channel }) => channel),
    messages.map(({ environment }) => environment),
    messages.map(({ about }) => about),
    messages.map(({ createdAt }) => createdAt),
    contents,
  ];
}

function messageOf(row: MessageRow): StoredMessage {
  const { id, channel, environment, about, content } = row;
  return { id, channel, environment, about, content, createdAt: instant(row.created_at), state: stateOf(row) };
}

function stateOf({ state, tries, at, reason }: MessageRow): MessageState {
  switch (state) {
    case "waiting":
      return { name: state, tries, dueAt: instant(at), ...(typeof reason === "string" ? { reason } : {}) };
    case "delivered":
      return { name: state, tries, at: instant(at) };
    case "failed":
      return { name: state, tries, at: instant(at), reason: reason ?? "" };
    default:
      return assertNever(state);
  }
}
