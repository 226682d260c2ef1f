/** What people ask about notifications, and have done: look, test, send again, subscribe a program. */

import { environmentNamed } from "../../core/manifest/environments.ts";
import type { PeopleChannel } from "../../core/notification/channels.ts";
import type { Notice } from "../../core/notification/notice.ts";
import type { Environment, Notifications, Platform } from "../../core/platform/platform.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { Secret } from "../../core/values/secret.ts";
import { toIso } from "../../core/values/time.ts";
import type { MessageState, StoredMessage } from "../../ports/outbox.ts";
import { environmentUnknown } from "../releases/problems.ts";
import { messageOn } from "./compose-messages.ts";
import { deliverMessage } from "./deliver-message.ts";
import type { NotificationPorts } from "./notification-ports.ts";
import {
  channelUnknown,
  messageUnknown,
  notificationNotDelivered,
  subscriptionInvalid,
  subscriptionUnknown,
} from "./problems.ts";
import {
  dropSubscription,
  keepSubscription,
  MAX_SUBSCRIPTIONS,
  pushChannel,
  type Subscription,
  subscriptionNamed,
  subscriptionsOf,
  urlSecret,
} from "./subscriptions.ts";

const MAX_LISTED = 200;
const MAX_SENT_AGAIN = 1_000;
const TEST_WITHIN_MS = 30_000;

/** A channel and how it is doing. */
export interface ChannelView {
  readonly channel: string;
  /** Where messages go, as far as it is no secret. */
  readonly receiver: string;
  readonly waiting: number;
  readonly delivered: number;
  readonly failed: number;
  /** What was said at the newest try that did not succeed. */
  readonly reason?: string;
}

/** One message of the outbox. Times are RFC 3339. */
export interface MessageView {
  readonly id: string;
  readonly channel: string;
  readonly about: string;
  readonly createdAt: string;
  readonly state: MessageState["name"];
  readonly tries: number;
  readonly reason?: string;
  readonly dueAt?: string;
}

/** Answers people; the dispatcher does the rest. */
export class NotificationDesk {
  readonly #ports: NotificationPorts;

  constructor(ports: NotificationPorts) {
    this.#ports = ports;
  }

  /** Every channel that is set up, and those that still have messages. */
  async channels(): Promise<Result<readonly ChannelView[], readonly Problem[]>> {
    const platform = await this.#ports.platform();
    if (!platform.ok) return err(platform.problems);
    const receivers = new Map<string, string>(peopleReceivers(platform.value.notifications));
    for (const { project } of Object.values(platform.value.environments)) {
      for (const { id, receiver } of await subscriptionsOf(this.#ports.documents, project)) {
        receivers.set(pushChannel(id), receiver);
      }
    }
    const counts = await this.#ports.outbox.channels();
    for (const { channel } of counts) if (!receivers.has(channel)) receivers.set(channel, "not set up any more");
    const count = (channel: string, state: MessageState["name"]) =>
      counts.find((each) => each.channel === channel && each.state === state)?.count ?? 0;
    return ok(
      [...receivers].map(([channel, receiver]) => {
        const reason = counts.find((each) => each.channel === channel && each.reason !== undefined)?.reason;
        return {
          ...{ channel, receiver },
          waiting: count(channel, "waiting"),
          delivered: count(channel, "delivered"),
          failed: count(channel, "failed"),
          ...(reason === undefined ? {} : { reason }),
        };
      }),
    );
  }

  async messages(state?: MessageState["name"]): Promise<readonly MessageView[]> {
    const query = { limit: MAX_LISTED, ...(state === undefined ? {} : { state }) };
    return (await this.#ports.outbox.list(query)).map(messageView);
  }

  /** Sends a message to the channel at once and says what came of it. */
  async test(name: string, environmentName?: string): Promise<Result<undefined, readonly Problem[]>> {
    const platform = await this.#ports.platform();
    if (!platform.ok) return err(platform.problems);
    const { notifications } = platform.value;
    const known = peopleReceivers(notifications).map(([channel]) => channel);
    const channel = known.find((each) => each === name);
    if (channel === undefined) return err([channelUnknown(name, known)]);
    const environment = chosenEnvironment(platform.value, environmentName ?? notifications.slack?.environments[0]);
    if (environment === undefined) return err([environmentUnknown(environmentName ?? "", names(platform.value))]);
    const { clock, ids } = this.#ports;
    const toSend = { about: `test/${ids.uuid()}`, notice: testNotice(environment.name), at: clock.now(), secrets: [] };
    const message = messageOn(channel, notifications, toSend);
    const stored: StoredMessage = { ...message, state: { name: "waiting", tries: 0, dueAt: clock.now() } };
    const delivery = await deliverMessage(this.#ports, stored, AbortSignal.timeout(TEST_WITHIN_MS));
    if (delivery.kind === "delivered") return ok(undefined);
    return err([notificationNotDelivered(channel, delivery.reason)]);
  }

  /** Has a message that was given up sent again, or all of them; gives how many. */
  async sendAgain(id: string | undefined): Promise<Result<number, Problem>> {
    const { outbox, clock } = this.#ports;
    const failed = await outbox.list({ state: "failed", limit: MAX_SENT_AGAIN });
    const chosen = failed.filter((message) => id === undefined || message.id === id);
    if (id !== undefined && chosen.length === 0) return err(messageUnknown(id));
    for (const message of chosen) await outbox.settle(message.id, { name: "waiting", tries: 0, dueAt: clock.now() });
    return ok(chosen.length);
  }

  /** Has a program told of every new status of an environment's builds. */
  async subscribe(environmentName: string, url: string): Promise<Result<Subscription, readonly Problem[]>> {
    const platform = await this.#ports.platform();
    if (!platform.ok) return err(platform.problems);
    const environment = chosenEnvironment(platform.value, environmentName);
    if (environment === undefined) return err([environmentUnknown(environmentName, names(platform.value))]);
    const parsed = URL.parse(url);
    if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") {
      return err([subscriptionInvalid("The address is no https URL.")]);
    }
    const { documents, ids, secrets } = this.#ports;
    const { project } = environment;
    const { length } = await subscriptionsOf(documents, project);
    if (length >= MAX_SUBSCRIPTIONS)
      return err([subscriptionInvalid(`${project} has ${length} subscriptions already.`)]);
    const subscription = { id: ids.randomHex(6), environment: environment.name, project, receiver: parsed.host };
    // The address first: a subscription without one could not be told of anything.
    await secrets.put(environment, urlSecret(subscription.id), new Secret(url));
    await keepSubscription(documents, subscription);
    return ok(subscription);
  }

  /** Ends a subscription and removes its address. */
  async unsubscribe(id: string): Promise<Result<undefined, readonly Problem[]>> {
    const { documents, secrets } = this.#ports;
    const subscription = await subscriptionNamed(documents, id.replace(/^push\//, ""));
    if (subscription === undefined) return err([subscriptionUnknown(id)]);
    const platform = await this.#ports.platform();
    if (!platform.ok) return err(platform.problems);
    const environment = platform.value.environments[subscription.environment];
    await dropSubscription(documents, subscription);
    if (environment !== undefined) await secrets.remove(environment, urlSecret(subscription.id));
    return ok(undefined);
  }
}

function peopleReceivers({ slack, email }: Notifications): readonly (readonly [PeopleChannel, string])[] {
  return [
    ...(slack === undefined ? [] : [["slack", `secret ${slack.webhookSecret}`] as const]),
    ...(email === undefined ? [] : [["email", email.to.join(", ")] as const]),
  ];
}

/** The one named, or the first. */
function chosenEnvironment(platform: Platform, name: string | undefined): Environment | undefined {
  return name === undefined ? Object.values(platform.environments)[0] : environmentNamed(platform, name);
}

function names(platform: Platform): readonly string[] {
  return Object.keys(platform.environments);
}

function testNotice(environment: string): Notice {
  return {
    moments: ["started"],
    environment,
    headline: `Notifications of ${environment} arrive here.`,
    facts: [["Environment", environment]],
  };
}

function messageView({ id, channel, about, createdAt, state }: StoredMessage): MessageView {
  return {
    ...{ id, channel, about, createdAt: toIso(createdAt), state: state.name, tries: state.tries },
    ...(state.name === "delivered" || state.reason === undefined ? {} : { reason: state.reason }),
    ...(state.name === "waiting" ? { dueAt: toIso(state.dueAt) } : {}),
  };
}
