import { assertNever } from "../../core/values/assert.ts";
import { digestOf } from "../../core/values/digest.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { StoredMessage } from "../../ports/outbox.ts";
import type { Delivery } from "../../ports/receivers.ts";
import type { MessageContent } from "./message-content.ts";
import type { NotificationPorts } from "./notification-ports.ts";
import { subscriptionNamed, urlSecret } from "./subscriptions.ts";

/** Hands one message over. The address is read now, so that a setting that was put right counts at the next try. */
export async function deliverMessage(
  ports: NotificationPorts,
  message: StoredMessage,
  signal: AbortSignal,
): Promise<Delivery> {
  const address = await addressOf(ports, message);
  if (address.kind !== "found") return address;
  const { value } = address;
  // What the outbox holds was made by this server, from this very type.
  const content = message.content as MessageContent;
  switch (content.kind) {
    case "slack":
    case "push":
      return ports.receivers.post({ url: value, id: message.id, json: content.body, signal });
    case "email": {
      const { from, to, subject, text } = content;
      return ports.receivers.mail({ server: value, from, to, subject, text, id: messageId(message.id, from), signal });
    }
    default:
      return assertNever(content);
  }
}

type Address = { readonly kind: "found"; readonly value: Secret } | Exclude<Delivery, { kind: "delivered" }>;

async function addressOf(ports: NotificationPorts, { channel, environment: name }: StoredMessage): Promise<Address> {
  const platform = await ports.platform();
  if (!platform.ok) return { kind: "unavailable", reason: "mobius.yaml has problems: mobius validate" };
  const environment = platform.value.environments[name];
  if (environment === undefined) return { kind: "refused", reason: `mobius.yaml has no environment ${name} any more` };
  const { slack, email } = platform.value.notifications;
  const secret =
    channel === "slack"
      ? slack?.webhookSecret
      : channel === "email"
        ? email?.smtpSecret
        : await subscriptionSecret(ports, channel.slice("push/".length));
  if (secret === undefined) return { kind: "refused", reason: `channel ${channel} is not set up any more` };
  const value = await ports.secrets.newest(environment, secret);
  if (value !== undefined) return { kind: "found", value };
  return {
    kind: "unavailable",
    reason: `secret ${secret} of ${name} has no value: mobius secret set ${secret} --env ${name}`,
  };
}

async function subscriptionSecret(ports: NotificationPorts, id: string): Promise<string | undefined> {
  return (await subscriptionNamed(ports.documents, id)) === undefined ? undefined : urlSecret(id);
}

/** The same for the same message, so that a mail program shows one that came twice once. */
function messageId(id: string, from: string): string {
  const domain = /@([A-Za-z0-9.-]+)>?$/.exec(from.trim())?.[1] ?? "localhost";
  return `${digestOf(id).slice("sha256:".length, "sha256:".length + 32)}.mobius@${domain}`;
}
