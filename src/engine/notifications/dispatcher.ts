import { instant } from "../../core/values/time.ts";
import type { MessageState, StoredMessage } from "../../ports/outbox.ts";
import type { Delivery } from "../../ports/receivers.ts";
import { deliverMessage } from "./deliver-message.ts";
import { fillOutbox, type LeftAlone } from "./fill-outbox.ts";
import type { NotificationPorts } from "./notification-ports.ts";
import { isWorthATry, pauseMs } from "./try-again.ts";

/** How often is looked for what is new and what is due. */
const LOOK_EVERY_MS = 500;
const FAULT_PAUSE_MS = 5_000;
/** Messages of one channel that one round hands over. */
const MAX_MESSAGES = 50;
/** Settled messages are kept so long for people to look at, and cleared away so often. */
const KEPT_MS = 7 * 24 * 3_600_000;
const CLEAR_EVERY_MS = 3_600_000;

/**
 * Fills the outbox and empties it, until it is stopped. Channels are independent: one that hangs or fails holds up no
 * other, and none holds up a release. A message is marked delivered after the receiver took it, so one that the process
 * died with goes out again with the same id.
 */
export class NotificationDispatcher {
  readonly #ports: NotificationPorts;
  readonly #stopping = new AbortController();
  /** Channel → the round that is under way. */
  readonly #busy = new Map<string, Promise<void>>();
  /** Channel → how often it was unavailable in a row, and until when it is left alone. */
  readonly #pauses = new Map<string, { readonly failures: number; readonly untilMs: number }>();
  readonly #leftAlone: LeftAlone = new Map();
  #done: Promise<void> = Promise.resolve();
  #clearAtMs = 0;

  constructor(ports: NotificationPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#done = this.#run(this.#stopping.signal);
  }

  /** Cuts off what is under way; it goes out at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
    await Promise.all(this.#busy.values());
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, onFault } = this.#ports;
    while (!signal.aborted) {
      try {
        await this.round();
        await clock.sleep(LOOK_EVERY_MS, signal);
      } catch (cause) {
        // The store is away, or an event cannot be read: nothing is lost by waiting.
        if (!signal.aborted) onFault(cause);
        await clock.sleep(FAULT_PAUSE_MS, signal);
      }
    }
  }

  /** Takes in what is new and begins to hand over what is due. A test calls it in the loop's place. */
  async round(): Promise<void> {
    const { outbox, clock } = this.#ports;
    await fillOutbox(this.#ports, this.#leftAlone);
    for (const { channel } of await outbox.channels("waiting")) {
      const isPaused = (this.#pauses.get(channel)?.untilMs ?? 0) > clock.monotonicMs();
      if (!isPaused && !this.#busy.has(channel)) this.#begin(channel);
    }
    if (clock.monotonicMs() < this.#clearAtMs) return;
    this.#clearAtMs = clock.monotonicMs() + CLEAR_EVERY_MS;
    await outbox.forget(instant(clock.now() - KEPT_MS));
  }

  /** Resolves when every hand-over that has begun is over. */
  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  #begin(channel: string): void {
    const round = this.#emptyChannel(channel)
      .catch((cause: unknown) => {
        if (!this.#stopping.signal.aborted) this.#ports.onFault(cause);
      })
      .finally(() => this.#busy.delete(channel));
    this.#busy.set(channel, round);
  }

  async #emptyChannel(channel: string): Promise<void> {
    const { outbox, clock } = this.#ports;
    const { signal } = this.#stopping;
    for (const message of await outbox.due({ now: clock.now(), channel, limit: MAX_MESSAGES })) {
      if (signal.aborted) return;
      const delivery = await deliverMessage(this.#ports, message, signal);
      // What was cut off by a stop was no try.
      if (signal.aborted && delivery.kind !== "delivered") return;
      const pause = this.#pauseAfter(channel, delivery);
      await outbox.settle(message.id, stateAfter({ message, delivery, at: clock.now(), pause }));
      if (delivery.kind === "unavailable") return;
    }
  }

  /** The channel's own pause: a receiver that is away is not asked anew by each message that waits for it. */
  #pauseAfter(channel: string, delivery: Delivery): number {
    const { clock, ids } = this.#ports;
    if (delivery.kind !== "unavailable") {
      this.#pauses.delete(channel);
      return 0;
    }
    const failures = (this.#pauses.get(channel)?.failures ?? 0) + 1;
    const random = Number.parseInt(ids.randomHex(4), 16) / 2 ** 32;
    const pause = Math.max(pauseMs(failures, random), delivery.afterMs ?? 0);
    this.#pauses.set(channel, { failures, untilMs: clock.monotonicMs() + pause });
    return pause;
  }
}

interface Tried {
  readonly message: StoredMessage;
  readonly delivery: Delivery;
  readonly at: ReturnType<typeof instant>;
  readonly pause: number;
}

function stateAfter({ message, delivery, at, pause }: Tried): MessageState {
  const tries = message.state.tries + 1;
  if (delivery.kind === "delivered") return { name: "delivered", tries, at };
  const { reason } = delivery;
  const mayTry = delivery.kind === "unavailable" && isWorthATry({ createdAt: message.createdAt, tries, at });
  return mayTry
    ? { name: "waiting", tries, dueAt: instant(at + pause), reason }
    : { name: "failed", tries, at, reason };
}
