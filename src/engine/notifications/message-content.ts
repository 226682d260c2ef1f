import type { NonEmpty } from "../../core/values/problem.ts";

/** What a message carries, by the kind of its channel. The address is no part of it: it is read when the message goes. */
export type MessageContent =
  | { readonly kind: "slack"; readonly body: { readonly text: string } }
  | {
      readonly kind: "email";
      readonly from: string;
      readonly to: NonEmpty<string>;
      readonly subject: string;
      readonly text: string;
    }
  | { readonly kind: "push"; readonly body: PushBody };

/** A message of Pub/Sub as it is pushed: both spellings of each name, as Google's own emulator sends them. */
export interface PushBody {
  readonly subscription: string;
  readonly message: {
    readonly attributes: { readonly buildId: string; readonly status: string };
    /** Base64 of the build's JSON. */
    readonly data: string;
    readonly messageId: string;
    readonly message_id: string;
    readonly publishTime: string;
    readonly publish_time: string;
  };
}
