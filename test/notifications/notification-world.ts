import { parsePlatform } from "../../src/core/platform/parse-platform.ts";
import type { ReleaseEvent } from "../../src/core/release/events.ts";
import { actorId, type CommitId, type ReleaseId } from "../../src/core/values/ids.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { instant } from "../../src/core/values/time.ts";
import type { NotificationPorts } from "../../src/engine/notifications/notification-ports.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import type { EventLog } from "../../src/ports/event-log.ts";
import { createMemoryOutbox } from "../../src/ports/outbox.fake.ts";
import type { Outbox } from "../../src/ports/outbox.ts";
import { createMemoryReceivers } from "../../src/ports/receivers.fake.ts";
import type { Receivers } from "../../src/ports/receivers.ts";
import { EMPTY_PLAN } from "../support/plan-values.ts";

const EVERY_MOMENT = "started, succeeded, failed, rolledBack, waiting, drift";

/** Two environments, Slack for one of them, e-mail for both. */
export const PLATFORM_TEXT = `
platform: sim
environments:
  staging:
    project: mobius-staging
    region: us-central1
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
  production:
    project: mobius-prod
    region: us-central1
    registry: gcr.io/mobius-prod
    identities: { build: b, deploy: d, migrate: m, runtime: r }
notifications:
  slack: { webhook: slack-hook, on: [${EVERY_MOMENT}], environments: [staging] }
  email: { smtp: smtp-url, from: mobius@example.com, to: [ada@example.com], on: [failed, succeeded] }
`;

/** A release's events, from its request to the end given. */
export function releaseEvents(release: ReleaseId, end: ReleaseEvent): readonly ReleaseEvent[] {
  return [
    {
      type: "release-requested",
      release,
      plan: EMPTY_PLAN,
      umbrellaCommit: "a".repeat(40) as CommitId,
      trigger: "manual:ada",
      requestId: `request-${release}`,
    },
    { type: "lease-acquired", token: 1 },
    { type: "cancel-requested", reason: "r" },
    end,
  ];
}

/** What a world is made of, where a test wants it otherwise. */
export interface WorldParts {
  readonly eventLog?: EventLog;
  readonly outbox?: Outbox;
  readonly receivers?: Receivers;
  readonly platformText?: () => string;
}

/** The ports of notifications in memory, with a clock that a test moves. */
export function notificationWorld(parts: WorldParts = {}) {
  const eventLog = parts.eventLog ?? createMemoryEventLog();
  const secrets = new Map<string, string>([
    ["staging/slack-hook", "http://slack.staging/key"],
    ["staging/smtp-url", "smtp://mail.staging"],
    ["staging/jwt-secret", "canary-8f1c2d"],
    ["production/smtp-url", "smtp://mail.production"],
  ]);
  const faults: unknown[] = [];
  const time = { nowMs: 1_000_000 };
  const withRelease = new Set<string>();
  const ports: NotificationPorts = {
    clock: {
      now: () => instant(time.nowMs),
      monotonicMs: () => time.nowMs,
      sleep: async (durationMs, signal) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted !== true) time.nowMs += durationMs;
      },
    },
    ids: { uuid: () => "00000000-0000-4000-8000-000000000000", randomHex: (bytes) => "8".repeat(bytes * 2) },
    eventLog,
    outbox: parts.outbox ?? createMemoryOutbox(eventLog),
    documents: createMemoryDocuments(),
    receivers: parts.receivers ?? createMemoryReceivers(),
    platform: async () => parsePlatform(parts.platformText?.() ?? PLATFORM_TEXT, "mobius.yaml"),
    secrets: {
      newest: async ({ name }, secret) => {
        const value = secrets.get(`${name}/${secret}`);
        return value === undefined ? undefined : new Secret(value);
      },
      values: async ({ name }) =>
        [...secrets].flatMap(([key, value]) => (key.startsWith(`${name}/`) ? [new Secret(value)] : [])),
      put: async ({ name }, secret, value) => void secrets.set(`${name}/${secret}`, value.reveal()),
      remove: async ({ name }, secret) => void secrets.delete(`${name}/${secret}`),
    },
    hasRelease: (build) => withRelease.has(build),
    buildJson: (build) => ({ id: build.id, projectId: build.project, substitutions: build.substitutions }),
    boardUrl: "http://board",
    onFault: (cause) => faults.push(cause),
  };
  return {
    ports,
    secrets,
    faults,
    time,
    withRelease,
    /** Appends to a stream of the event log, after what is there. */
    async append(stream: string, events: readonly { readonly type: string }[]): Promise<void> {
      const expectedSequence = (await eventLog.read(stream)).length;
      const appended = await eventLog.append({
        stream,
        expectedSequence,
        events: events.map((event) => ({
          ...{ event, version: 1, actor: actorId("person", "ada"), at: instant(time.nowMs) },
        })),
      });
      if (!appended.ok) throw new Error(appended.error.kind);
    },
  };
}
