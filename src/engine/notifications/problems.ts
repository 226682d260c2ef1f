import type { Problem } from "../../core/values/problem.ts";

function error(code: string, summary: string, why: string, fix: string): Problem {
  return { code, severity: "error", summary, why: [why], fix };
}

/** A channel that the platform file does not set up. */
export function channelUnknown(channel: string, known: readonly string[]): Problem {
  return error(
    "channel-unknown",
    `There is no channel "${channel}" to notify.`,
    known.length === 0 ? "mobius.yaml sets none up." : `mobius.yaml sets up: ${known.join(", ")}.`,
    "Correct the name, or set the channel up under notifications in mobius.yaml.",
  );
}

/** The receiver did not take a message that a person asked to be sent. */
export function notificationNotDelivered(channel: string, reason: string): Problem {
  return error(
    "notification-not-delivered",
    `The message did not reach ${channel}.`,
    reason,
    "Correct the secret that holds the address, or the receiver; docs/guides/notifications.md says what each needs.",
  );
}

/** No message of that id in the outbox. */
export function messageUnknown(id: string): Problem {
  return error(
    "message-unknown",
    `No message "${id}" has failed.`,
    "Only a message that was given up is sent again, and settled ones are kept for a week.",
    "Look at those that there are: mobius notifications list --failed",
  );
}

/** A subscription that cannot be. */
export function subscriptionInvalid(reason: string): Problem {
  return error(
    "subscription-invalid",
    "The subscription cannot be made as it was asked for.",
    reason,
    "Give an https address that takes Pub/Sub's push messages: mobius notifications subscribe --help",
  );
}

/** No subscription of that id. */
export function subscriptionUnknown(id: string): Problem {
  return error(
    "subscription-unknown",
    `There is no subscription "${id}".`,
    "Nothing of that name is told of builds.",
    "Look at those that there are: mobius notifications channels",
  );
}
