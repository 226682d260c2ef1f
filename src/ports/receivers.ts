import type { NonEmpty } from "../core/values/problem.ts";
import type { Secret } from "../core/values/secret.ts";

/** What came of a try to hand a message over. `reason` never holds the receiver's address beyond its host. */
export type Delivery =
  | { readonly kind: "delivered" }
  /** Trying again would end in the same way. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It may work later; the receiver may even have taken the message. */
  | { readonly kind: "unavailable"; readonly reason: string; readonly afterMs?: number };

/**
 * Those outside who are told: HTTPS endpoints and mail servers. An address inside the machine or its networks is refused
 * unless it is allowed by name. Each call ends within 30 s or when the signal aborts; no redirect is followed. Nothing is
 * kept: the same call again sends the same message again, and the receiver knows it by its id.
 */
export interface Receivers {
  post(request: {
    /** Holds what lets in, such as a webhook's key. */
    readonly url: Secret;
    /** Sent as `Idempotency-Key`. */
    readonly id: string;
    readonly json: unknown;
    readonly signal: AbortSignal;
  }): Promise<Delivery>;
  mail(request: {
    /** `smtp://` or `smtps://`, with `user:password@` where the server asks for it. */
    readonly server: Secret;
    readonly from: string;
    readonly to: NonEmpty<string>;
    readonly subject: string;
    readonly text: string;
    /** Sent as `Message-ID`, without the angle brackets. */
    readonly id: string;
    readonly signal: AbortSignal;
  }): Promise<Delivery>;
}
