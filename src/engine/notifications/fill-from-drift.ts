import { driftKey } from "../../core/drift/drift.ts";
import { applyDriftSeen, type DriftSeen, driftNews, UNSEEN } from "../../core/drift/drift-events.ts";
import { applyDecision, type DecisionEvent, UNDECIDED } from "../../core/gates/decisions.ts";
import { driftNotice } from "../../core/notification/drift-notice.ts";
import type { Instant } from "../../core/values/time.ts";
import type { EventLog, StoredEvent } from "../../ports/event-log.ts";
import type { OutgoingMessage } from "../../ports/outbox.ts";
import { messagesOf } from "./compose-messages.ts";
import type { Filling } from "./filling.ts";

const PREFIX = "drift/";

/** Messages of what looks at an environment brought: each difference when it comes and when it is gone, not at each look. */
export async function fillFromDrift({ ports, platform, stream, sequence }: Filling): Promise<void> {
  const messages: OutgoingMessage[] = [];
  const name = stream.slice(PREFIX.length);
  const environment = platform.environments[name];
  const isIgnored = await ignoredIn(ports.eventLog, name);
  let history = UNSEEN;
  for (const stored of await ports.eventLog.read<DriftSeen>(stream)) {
    const before = history;
    history = applyDriftSeen(before, stored);
    if (stored.sequence <= sequence || environment === undefined) continue;
    const news = driftNews(before, history);
    const isTold = (drift: Parameters<typeof driftKey>[0]) => !isIgnored(driftKey(drift), stored.at);
    const notice = driftNotice(name, {
      appeared: news.appeared.filter(isTold),
      gone: news.gone.filter(isTold),
      left: history.drifts.filter(isTold).length,
    });
    if (notice === undefined) continue;
    const secrets = await ports.secrets.values(environment);
    messages.push(
      ...messagesOf(platform.notifications, { about: `${stream}/${stored.sequence}`, notice, at: stored.at, secrets }),
    );
  }
  await ports.outbox.add({ messages, read: { stream, sequence: history.lastSequence } });
}

/** What a person had said that nobody minds, as it stood at the moment asked for: the same whenever it is asked. */
async function ignoredIn(eventLog: EventLog, environment: string) {
  const decided: readonly StoredEvent<DecisionEvent>[] = await eventLog.read(`environment/${environment}`);
  return (key: string, at: Instant): boolean => {
    const then = decided.filter((decision) => decision.at <= at).reduce(applyDecision, UNDECIDED);
    const ignored = then.ignoredDrift[key];
    return ignored !== undefined && at < ignored.until;
  };
}
