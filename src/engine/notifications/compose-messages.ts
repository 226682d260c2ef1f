import { channelsFor, type PeopleChannel } from "../../core/notification/channels.ts";
import type { Notice } from "../../core/notification/notice.ts";
import { mailText, slackBody } from "../../core/notification/render-notice.ts";
import type { Notifications } from "../../core/platform/platform.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { Instant } from "../../core/values/time.ts";
import type { OutgoingMessage } from "../../ports/outbox.ts";
import { hideSecrets } from "./hide-secrets.ts";
import type { MessageContent } from "./message-content.ts";

/** A notice on its way: what it is about, for its messages' ids, and what must not be in it. */
export interface NoticeToSend {
  /** `REL-7/12`, `build/<id>/4`: the same for the same event, always. */
  readonly about: string;
  readonly notice: Notice;
  readonly at: Instant;
  readonly secrets: readonly Secret[];
}

/** One message for each channel of people that listens to the notice. */
export function messagesOf(notifications: Notifications, toSend: NoticeToSend): readonly OutgoingMessage[] {
  return channelsFor(notifications, toSend.notice).map((channel) => messageOn(channel, notifications, toSend));
}

/** The message of a notice on one channel, whether or not that listens to it. */
export function messageOn(
  channel: PeopleChannel,
  notifications: Notifications,
  { about, notice, at, secrets }: NoticeToSend,
): OutgoingMessage {
  const hidden = hideSecrets(notice, secrets);
  return {
    id: `${about}@${channel}`,
    channel,
    environment: notice.environment,
    about: hidden.headline,
    createdAt: at,
    content: contentOf(channel, notifications, hidden),
  };
}

function contentOf(channel: PeopleChannel, { email }: Notifications, notice: Notice): MessageContent {
  if (channel === "slack") return { kind: "slack", body: slackBody(notice) };
  return { kind: "email", from: email?.from ?? "", to: email?.to ?? [""], ...mailText(notice) };
}
