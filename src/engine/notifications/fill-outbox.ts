/** From events to messages: each stream is read from where the outbox has come to, and what came of it is added at once. */
import { applyEvent as applyBuildEvent } from "../../core/build/apply-event.ts";
import type { BuildEvent } from "../../core/build/events.ts";
import { type Build, buildStatus, isEnded } from "../../core/build/state.ts";
import { buildNotice } from "../../core/notification/build-notice.ts";
import { releaseNotice } from "../../core/notification/release-notice.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import { applyEvent } from "../../core/release/apply-event.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import type { Release } from "../../core/release/state.ts";
import { Bug } from "../../core/values/assert.ts";
import type { StoredEvent } from "../../ports/event-log.ts";
import type { OutgoingMessage } from "../../ports/outbox.ts";
import { messagesOf } from "./compose-messages.ts";
import { fillFromDrift } from "./fill-from-drift.ts";
import type { Filling } from "./filling.ts";
import type { NotificationPorts } from "./notification-ports.ts";
import { pushMessages } from "./push-messages.ts";
import { subscriptionsOf } from "./subscriptions.ts";

/** Streams that one round reads. */
const MAX_STREAMS = 100;

/** A stream that could not be read is left alone for so long; the others go on. */
const FAULT_PAUSE_MS = 60_000;

/** Streams that could not be read, with when they are looked at again, on the monotonic clock. */
export type LeftAlone = Map<string, number>;

/** Reads what is new and adds its messages. A platform file with problems puts it off. */
export async function fillOutbox(ports: NotificationPorts, leftAlone: LeftAlone): Promise<void> {
  const { clock, outbox, onFault } = ports;
  const unread = await outbox.unread(MAX_STREAMS);
  const wanted = unread.filter(({ stream }) => (leftAlone.get(stream) ?? 0) <= clock.monotonicMs());
  if (wanted.length === 0) return;
  const platform = await ports.platform();
  if (!platform.ok) return;
  for (const { stream, sequence } of wanted) {
    const filling = { ports, platform: platform.value, stream, sequence };
    try {
      await fill(filling);
      leftAlone.delete(stream);
    } catch (cause) {
      leftAlone.set(stream, clock.monotonicMs() + FAULT_PAUSE_MS);
      onFault(cause);
    }
  }
}

function fill(filling: Filling): Promise<void> {
  if (filling.stream.startsWith("release/")) return fillFromRelease(filling);
  return filling.stream.startsWith("drift/") ? fillFromDrift(filling) : fillFromBuild(filling);
}

async function fillFromRelease({ ports, platform, stream, sequence }: Filling): Promise<void> {
  const messages: OutgoingMessage[] = [];
  let release: Release | undefined;
  for (const stored of await ports.eventLog.read<ReleaseEvent>(stream)) {
    const before = release;
    const next = applyEvent(before, stored);
    if (!next.ok) throw new Bug(`${stream} holds ${next.error.event} in stage ${next.error.stage}`);
    release = next.value;
    if (stored.sequence <= sequence) continue;
    const notice = releaseNotice(before, stored.event, release, ports.boardUrl);
    const environment = platform.environments[release.plan.environment];
    if (notice === undefined || environment === undefined) continue;
    const toSend = { about: `${release.id}/${stored.sequence}`, notice, at: stored.at };
    messages.push(
      ...messagesOf(platform.notifications, { ...toSend, secrets: await ports.secrets.values(environment) }),
    );
  }
  await ports.outbox.add({ messages, read: { stream, sequence: release?.lastSequence ?? sequence } });
}

async function fillFromBuild({ ports, platform, stream, sequence }: Filling): Promise<void> {
  const messages: OutgoingMessage[] = [];
  let build: Build | undefined;
  for (const stored of await ports.eventLog.read<BuildEvent>(stream)) {
    const before = build;
    const next = applyBuildEvent(before, stored);
    if (!next.ok) throw new Bug(`${stream} holds ${next.error.event} while ${next.error.stage}`);
    build = next.value;
    const isNew = stored.sequence > sequence && (before === undefined || buildStatus(before) !== buildStatus(build));
    if (isNew) messages.push(...(await messagesOfBuild(ports, platform, build, stored)));
  }
  await ports.outbox.add({ messages, read: { stream, sequence: build?.lastSequence ?? sequence } });
}

/** A new status: to every subscription of the build's project, and to people where no release speaks for the build. */
async function messagesOfBuild(
  ports: NotificationPorts,
  platform: Platform,
  build: Build,
  { at, sequence }: StoredEvent,
): Promise<readonly OutgoingMessage[]> {
  const environment = Object.values(platform.environments).find(({ project }) => project === build.project);
  if (environment === undefined) return [];
  const subscriptions = await subscriptionsOf(ports.documents, build.project);
  const isTold = isForPeople(ports, build);
  if (subscriptions.length === 0 && !isTold) return [];
  const secrets = await ports.secrets.values(environment);
  return [
    ...pushMessages({ ports, build, environment, subscriptions, secrets, at, sequence }),
    ...(isTold ? peopleMessages(ports, { platform, environment, build }, { at, sequence, secrets }) : []),
  ];
}

/**
 * While it runs nobody knows yet whether a triggered build comes to a release: only its wait and its end are told. A
 * cancelled one had nothing to do, or somebody wanted it so.
 */
function isForPeople(ports: NotificationPorts, build: Build): boolean {
  if (build.asked?.trigger === undefined || ports.hasRelease(build.id)) return false;
  return isEnded(build) ? build.stage.status !== "CANCELLED" : build.stage.name === "pending";
}

function peopleMessages(
  ports: NotificationPorts,
  { platform, environment, build }: { platform: Platform; environment: Environment; build: Build },
  rest: Pick<StoredEvent, "at" | "sequence"> & { readonly secrets: Parameters<typeof messagesOf>[1]["secrets"] },
): readonly OutgoingMessage[] {
  const { id, project } = build;
  const about = { id, project, status: buildStatus(build), logUrl: `${ports.boardUrl}/builds/${id}` };
  const trigger = build.asked?.trigger?.id;
  const notice = buildNotice({ ...about, ...(trigger === undefined ? {} : { trigger }) }, environment.name);
  if (notice === undefined) return [];
  const { at, sequence, secrets } = rest;
  return messagesOf(platform.notifications, { about: `build/${id}/${sequence}`, notice, at, secrets });
}
