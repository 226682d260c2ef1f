import type { Delivery, Receivers } from "./receivers.ts";

/** What was handed over, whether or not the answer came through. */
export interface HandedOver {
  /** The URL or server. */
  readonly to: string;
  readonly id: string;
  /** Everything that was sent, as text. */
  readonly text: string;
}

export interface FakeReceivers extends Receivers {
  readonly taken: readonly HandedOver[];
}

/** Receivers in memory. `answer` says what each address does; a message that is not refused or unavailable is taken. */
export function createMemoryReceivers(answer: (to: string) => Delivery = () => ({ kind: "delivered" })): FakeReceivers {
  const taken: HandedOver[] = [];
  const handOver = (to: string, id: string, message: unknown): Delivery => {
    const delivery = answer(to);
    if (delivery.kind === "delivered") taken.push({ to, id, text: JSON.stringify(message) });
    return delivery;
  };
  return {
    taken,
    post: async ({ url, id, json }) => handOver(url.reveal(), id, json),
    mail: async ({ server, id, from, to, subject, text }) => handOver(server.reveal(), id, { from, to, subject, text }),
  };
}
