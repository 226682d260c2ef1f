import type { Notifications } from "../platform/platform.ts";
import type { Notice } from "./notice.ts";

/** Channels to people. Programs hear builds through push subscriptions instead. */
export type PeopleChannel = "slack" | "email";

/** The channels that are to hear a notice: each says of which moments, and Slack of which environments (none: all). */
export function channelsFor({ slack, email }: Notifications, notice: Notice): readonly PeopleChannel[] {
  const isAsked = (on: readonly string[]) => notice.moments.some((moment) => on.includes(moment));
  const isHere = (environments: readonly string[]) =>
    environments.length === 0 || environments.includes(notice.environment);
  return [
    ...(slack !== undefined && isAsked(slack.on) && isHere(slack.environments) ? (["slack"] as const) : []),
    ...(email !== undefined && isAsked(email.on) ? (["email"] as const) : []),
  ];
}
