import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** Every channel with its counts, and what its receiver said last where it did not take a message. */
export async function listChannels(context: CommandContext): Promise<number> {
  const answer = await context.server.channels();
  if (!answer.ok) return report(context, answer.error);
  const { value } = answer;
  if (context.json) context.out(JSON.stringify(value, undefined, 2));
  else if (value.length === 0) context.out("No channel yet: set notifications up in mobius.yaml.");
  for (const { channel, receiver, waiting, delivered, failed, reason } of context.json ? [] : value) {
    const counts = `${delivered} delivered, ${waiting} waiting, ${failed} failed`;
    context.out(`${channel.padEnd(18)} ${receiver.padEnd(28)} ${counts}${reason === undefined ? "" : ` (${reason})`}`);
  }
  return EXIT.success;
}

/** Messages, newest first. */
export async function listMessages(context: CommandContext, state: "failed" | undefined): Promise<number> {
  const answer = await context.server.messages(state);
  if (!answer.ok) return report(context, answer.error);
  const { value } = answer;
  if (context.json) context.out(JSON.stringify(value, undefined, 2));
  else if (value.length === 0) context.out(state === undefined ? "No message yet." : "No message has failed.");
  for (const { createdAt, state: now, tries, about, id, reason } of context.json ? [] : value) {
    context.out(`${createdAt}  ${now.padEnd(9)}  ${about}  (${id}, tries: ${tries})`);
    if (reason !== undefined) context.out(`    ${reason}`);
  }
  return EXIT.success;
}

/** Sends a test message at once. */
export async function testChannel(
  context: CommandContext,
  channel: string,
  environment: string | undefined,
): Promise<number> {
  const body = { channel, ...(environment === undefined ? {} : { environment }) };
  const sent = await context.server.notify("tests", body);
  if (!sent.ok) return report(context, sent.error);
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", channel, delivered: true }, undefined, 2));
  else context.out(`The test message reached ${channel}.`);
  return EXIT.success;
}

/** Has what was given up sent again. */
export async function sendAgain(context: CommandContext, message: string | undefined): Promise<number> {
  const body = message === undefined ? {} : { message };
  const sent = await context.server.notify<{ readonly messages: number }>("tries", body);
  if (!sent.ok) return report(context, sent.error);
  const { messages } = sent.value;
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", messages }, undefined, 2));
  else
    context.out(messages === 0 ? "No message has failed." : `${messages} on the way again: mobius notifications list`);
  return EXIT.success;
}

/** Has a program told of builds. */
export async function subscribe(context: CommandContext, url: string, environment: string): Promise<number> {
  const made = await context.server.notify<{ readonly id: string; readonly receiver: string }>("subscriptions", {
    environment,
    url,
  });
  if (!made.ok) return report(context, made.error);
  const { id, receiver } = made.value;
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ...made.value }, undefined, 2));
  else
    context.out(
      `${receiver} is told of the builds of ${environment}. To end it: mobius notifications unsubscribe push/${id}`,
    );
  return EXIT.success;
}

/** Ends a subscription. */
export async function unsubscribe(context: CommandContext, subscription: string): Promise<number> {
  const ended = await context.server.notify("unsubscriptions", { subscription });
  if (!ended.ok) return report(context, ended.error);
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ended: subscription }, undefined, 2));
  else context.out(`Subscription ${subscription} has ended.`);
  return EXIT.success;
}

/** Prints where a build service sends its messages, and with which token. */
export async function pushToken(context: CommandContext, environment: string): Promise<number> {
  const made = await context.server.notify<{
    readonly url: string;
    readonly token: string;
    readonly expiresAt: string;
  }>("tokens", { environment });
  if (!made.ok) return report(context, made.error);
  const { url, token, expiresAt } = made.value;
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ...made.value }, undefined, 2));
  else context.out(`POST ${url}\nAuthorization: Bearer ${token}`);
  context.err(`Good until ${expiresAt}, for messages about the builds of ${environment} only.`);
  return EXIT.success;
}
