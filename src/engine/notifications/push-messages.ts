import { type Build, buildStatus } from "../../core/build/state.ts";
import type { Environment } from "../../core/platform/platform.ts";
import type { Secret } from "../../core/values/secret.ts";
import { type Instant, toIso } from "../../core/values/time.ts";
import type { OutgoingMessage } from "../../ports/outbox.ts";
import { hideSecrets } from "./hide-secrets.ts";
import type { PushBody } from "./message-content.ts";
import type { NotificationPorts } from "./notification-ports.ts";
import { pushChannel, type Subscription } from "./subscriptions.ts";

/** Above this many bytes the outputs of steps are left out, as a message of Pub/Sub has a limit too. */
const MAX_DATA_BYTES = 1024 * 1024;

interface NewStatus {
  readonly ports: Pick<NotificationPorts, "buildJson">;
  readonly build: Build;
  readonly environment: Environment;
  readonly subscriptions: readonly Subscription[];
  readonly secrets: readonly Secret[];
  readonly at: Instant;
  readonly sequence: number;
}

/** A build's new status in the shape of Cloud Build's messages on the topic `cloud-builds`, once per subscription. */
export function pushMessages(event: NewStatus): readonly OutgoingMessage[] {
  const { build, environment, subscriptions, at, sequence } = event;
  if (subscriptions.length === 0) return [];
  const status = buildStatus(build);
  const message = messageOf(event, status);
  return subscriptions.map(({ id, project }) => ({
    id: `build/${build.id}/${sequence}@${pushChannel(id)}`,
    channel: pushChannel(id),
    environment: environment.name,
    about: `Build ${build.id.slice(0, 8)} is ${status}.`,
    createdAt: at,
    content: {
      kind: "push",
      body: { subscription: `projects/${project}/subscriptions/${id}`, message },
    },
  }));
}

function messageOf({ ports, build, secrets, at, sequence }: NewStatus, status: string): PushBody["message"] {
  const json = hideSecrets(ports.buildJson(build), secrets);
  const whole = Buffer.from(JSON.stringify(json));
  const data = whole.length <= MAX_DATA_BYTES ? whole : Buffer.from(JSON.stringify({ ...json, results: undefined }));
  const messageId = `${build.id}-${sequence}`;
  const publishTime = toIso(at);
  return {
    attributes: { buildId: build.id, status },
    data: data.toString("base64"),
    ...{ messageId, message_id: messageId, publishTime, publish_time: publishTime },
  };
}
