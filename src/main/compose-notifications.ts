/** Notifications on top of the store, the embedded secrets and the builds. */
import type { FastifyInstance } from "fastify";
import { createRemoteJWKSet } from "jose";
import { createJsonPost } from "../adapters/http/post-json.ts";
import { createPushTokens, type GooglePush } from "../adapters/identity/push-tokens.ts";
import { createMailSender } from "../adapters/mail/send-mail.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import { buildJson } from "../cloud/cloud-build-v1/build-json.ts";
import { registerBuildPush } from "../cloud/pubsub/build-push.ts";
import type { SecretStore } from "../cloud/secret-manager-v1/secret-store.ts";
import { environmentNamed } from "../core/manifest/environments.ts";
import { Secret } from "../core/values/secret.ts";
import { instant, toIso } from "../core/values/time.ts";
import { BuildIntake } from "../engine/notifications/accept-build.ts";
import { NotificationDispatcher } from "../engine/notifications/dispatcher.ts";
import { NotificationDesk } from "../engine/notifications/notification-desk.ts";
import type { EnvironmentSecrets, NotificationPorts } from "../engine/notifications/notification-ports.ts";
import type { PushToken } from "../server/routing.ts";
import type { Foundation } from "./foundation.ts";
import { readPlatform } from "./read-platform.ts";

const GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs";
const PUSH_TOKEN_MS = 30 * 24 * 60 * 60 * 1_000;
/** Secrets of one environment that messages are searched for, and versions of each: those that may be in use. */
const MAX_SECRETS = 1_000;
const MAX_VERSIONS = 5;

export interface NotificationParts {
  readonly dispatcher: NotificationDispatcher;
  readonly desk: NotificationDesk;
  readonly pushToken: (environment: string) => Promise<PushToken | undefined>;
  readonly register: (app: FastifyInstance) => void;
}

interface Given {
  readonly foundation: Foundation;
  readonly secrets: SecretStore;
  readonly url: string;
  readonly hasRelease: (build: string) => boolean;
}

/** Puts it together; nothing is sent before the dispatcher is started. */
export function composeNotifications({ foundation, secrets, url, hasRelease }: Given): NotificationParts {
  const { request, store, installation } = foundation;
  const listed = receiversOf(request.receivers, new URL(url).port);
  const ports: NotificationPorts = {
    clock,
    ids,
    eventLog: store.eventLog,
    outbox: store.outbox,
    documents: store.documents,
    receivers: { post: createJsonPost({ listed }), mail: createMailSender({ listed }) },
    platform: () => readPlatform(request.directory),
    secrets: environmentSecrets(secrets),
    hasRelease,
    buildJson: (build) => buildJson(build, url),
    boardUrl: url,
    onFault: (cause) => request.log(`notifications: ${cause instanceof Error ? cause.stack : String(cause)}`),
  };
  const google = googlePush(request.push);
  const tokens = createPushTokens({
    signingKey: installation.signingKey,
    clock,
    ...(google === undefined ? {} : { google }),
  });
  const intake = new BuildIntake(ports);
  return {
    dispatcher: new NotificationDispatcher(ports),
    desk: new NotificationDesk(ports),
    register: (app) => registerBuildPush(app, { tokens, intake }),
    async pushToken(name) {
      const platform = await readPlatform(request.directory);
      const environment = platform.ok ? environmentNamed(platform.value, name) : undefined;
      if (environment === undefined) return undefined;
      const token = await tokens.issue(environment.project, PUSH_TOKEN_MS);
      const expiresAt = toIso(instant(clock.now() + PUSH_TOKEN_MS));
      return { url: `${url}/api/v1/pubsub/builds`, token, expiresAt };
    },
  };
}

/** `host:port` by `host:port`. The server itself is never a receiver: a message would act as nobody knows whom. */
function receiversOf(text: string, ownPort: string): readonly string[] {
  const own = ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"].map((host) => `${host}:${ownPort}`);
  return text.split(/[\s,]+/).filter((receiver) => receiver !== "" && !own.includes(receiver));
}

function googlePush({ audience, account }: Foundation["request"]["push"]): GooglePush | undefined {
  if (audience === "" || account === "") return undefined;
  return { audience, email: account, keys: createRemoteJWKSet(new URL(GOOGLE_KEYS), { timeoutDuration: 10_000 }) };
}

/** Secrets of the embedded Secret Manager, by environment. */
function environmentSecrets(store: SecretStore): EnvironmentSecrets {
  return {
    newest: ({ project }, secret) => store.access(project, secret, "latest"),
    async values({ project }) {
      const { items } = await store.list(project, { size: MAX_SECRETS });
      const values: Secret[] = [];
      for (const { name } of items) {
        const secret = name.slice(name.lastIndexOf("/") + 1);
        const versions = await store.listVersions({ project, secret }, { size: MAX_VERSIONS, state: "ENABLED" });
        for (const version of versions.ok ? versions.value.items : []) {
          const number = version.name.slice(version.name.lastIndexOf("/") + 1);
          const read = await store.read({ project, secret, version: number });
          if (read.ok) values.push(new Secret(Buffer.from(read.value.value).toString("utf8")));
        }
      }
      return values;
    },
    async put({ project }, secret, value) {
      await store.create({ project, secret }, { labels: {}, annotations: {} });
      await store.addVersion({ project, secret }, Buffer.from(value.reveal()));
    },
    async remove({ project }, secret) {
      const versions = await store.listVersions({ project, secret }, { size: MAX_VERSIONS, state: "ENABLED" });
      for (const { name } of versions.ok ? versions.value.items : []) {
        await store.setState({ project, secret, version: name.slice(name.lastIndexOf("/") + 1) }, "DESTROYED");
      }
    },
  };
}
