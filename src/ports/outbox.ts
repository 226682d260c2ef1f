import type { Instant } from "../core/values/time.ts";

/** What is to leave the server. Its id says what it is about and where it goes, so that no message is there twice. */
export interface OutgoingMessage {
  readonly id: string;
  /** `slack`, `email`, or `push/<subscription>`. */
  readonly channel: string;
  /** The environment whose secrets lead to the receiver. */
  readonly environment: string;
  /** One line for people who look at the outbox. */
  readonly about: string;
  readonly createdAt: Instant;
  /** JSON, at most 4 MiB, with secrets hidden already. */
  readonly content: unknown;
}

export type MessageState =
  | { readonly name: "waiting"; readonly tries: number; readonly dueAt: Instant; readonly reason?: string }
  | { readonly name: "delivered"; readonly tries: number; readonly at: Instant }
  | { readonly name: "failed"; readonly tries: number; readonly at: Instant; readonly reason: string };

export interface StoredMessage extends OutgoingMessage {
  readonly state: MessageState;
}

/** What the outbox takes in at once: messages, and how far a stream of the event log has been read with them. */
export interface OutboxEntry {
  readonly messages: readonly OutgoingMessage[];
  readonly read?: { readonly stream: string; readonly sequence: number };
}

/**
 * Messages on their way to people and programs, in the same store as the event log, so that both survive together. A
 * stream that is new or has grown is unread until its position has come to its end. Durable once acknowledged.
 */
export interface Outbox {
  /** Streams of releases, builds and drift with events after their position; those there were before the outbox count as read. */
  unread(limit: number): Promise<readonly { readonly stream: string; readonly sequence: number }[]>;
  /** All or nothing. A message whose id is known is left as it is; a position only grows. */
  add(entry: OutboxEntry): Promise<void>;
  /** Waiting messages that are due, oldest due first. */
  due(query: {
    readonly now: Instant;
    readonly channel: string;
    readonly limit: number;
  }): Promise<readonly StoredMessage[]>;
  /** Says what came of a try. Nothing happens to a message that is gone. */
  settle(id: string, state: MessageState): Promise<void>;
  /** How many messages there are, by channel and state (all, or the one given), with the newest reason that there is. */
  channels(state?: MessageState["name"]): Promise<readonly ChannelCount[]>;
  /** Newest first. */
  list(query: { readonly state?: MessageState["name"]; readonly limit: number }): Promise<readonly StoredMessage[]>;
  /** Forgets what was settled before the instant; gives how many that were. */
  forget(before: Instant): Promise<number>;
}

export interface ChannelCount {
  readonly channel: string;
  readonly state: MessageState["name"];
  readonly count: number;
  readonly reason?: string;
}
