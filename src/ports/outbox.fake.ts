import type { Instant } from "../core/values/time.ts";
import type { EventLog } from "./event-log.ts";
import type { ChannelCount, MessageState, Outbox, StoredMessage } from "./outbox.ts";

const FED = ["release/", "build/", "drift/"];
const MAX_STREAMS = 10_000;

/** An outbox in memory, fed by the event log given. */
export function createMemoryOutbox(eventLog: EventLog): Outbox {
  const messages = new Map<string, string>();
  const positions = new Map<string, number>();
  const all = () => [...messages.values()].map((text) => JSON.parse(text) as StoredMessage);

  return {
    async unread(limit) {
      const found: { stream: string; sequence: number }[] = [];
      for (const prefix of FED) {
        for (const stream of await eventLog.streams({ prefix, limit: MAX_STREAMS })) {
          const sequence = positions.get(stream) ?? 0;
          if ((await eventLog.read(stream, sequence)).length > 0) found.push({ stream, sequence });
        }
      }
      return found.slice(0, limit);
    },
    async add({ messages: added, read }) {
      for (const message of added) {
        const stored: StoredMessage = { ...message, state: { name: "waiting", tries: 0, dueAt: message.createdAt } };
        if (!messages.has(message.id)) messages.set(message.id, JSON.stringify(stored));
      }
      if (read !== undefined) {
        positions.set(read.stream, Math.max(read.sequence, positions.get(read.stream) ?? 0));
      }
    },
    async due({ now, channel, limit }) {
      const waiting = all().filter((message) => message.channel === channel && dueAt(message.state) <= now);
      return waiting.sort((a, b) => dueAt(a.state) - dueAt(b.state)).slice(0, limit);
    },
    async settle(id, state) {
      const text = messages.get(id);
      if (text !== undefined) messages.set(id, JSON.stringify({ ...(JSON.parse(text) as StoredMessage), state }));
    },
    async channels(wanted) {
      const counts = new Map<string, ChannelCount>();
      for (const { channel, state } of all()) {
        if (wanted !== undefined && state.name !== wanted) continue;
        const key = `${channel} ${state.name}`;
        const reason = reasonOf(state) ?? counts.get(key)?.reason;
        const count = (counts.get(key)?.count ?? 0) + 1;
        counts.set(key, { channel, state: state.name, count, ...(reason === undefined ? {} : { reason }) });
      }
      return [...counts.keys()].sort().flatMap((key) => counts.get(key) ?? []);
    },
    async list({ state, limit }) {
      const chosen = all().filter((message) => state === undefined || message.state.name === state);
      return chosen.reverse().slice(0, limit);
    },
    async forget(before) {
      const old = all().filter(({ state }) => state.name !== "waiting" && state.at < before);
      for (const { id } of old) messages.delete(id);
      return old.length;
    },
  };
}

function dueAt(state: MessageState): Instant | number {
  return state.name === "waiting" ? state.dueAt : Number.POSITIVE_INFINITY;
}

function reasonOf(state: MessageState): string | undefined {
  return state.name === "delivered" ? undefined : state.reason;
}
