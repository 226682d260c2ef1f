import { join } from "node:path";
import Fastify, { type FastifyRequest } from "fastify";
import { createSource } from "../../src/adapters/git/source.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { registerCloudBuildV1 } from "../../src/cloud/cloud-build-v1/cloud-build-v1.ts";
import { registerTriggersV1 } from "../../src/cloud/cloud-build-v1/triggers-v1.ts";
import { registerWebhooksV1 } from "../../src/cloud/cloud-build-v1/webhooks-v1.ts";
import { registerSecretManagerV1 } from "../../src/cloud/secret-manager-v1/secret-manager-v1.ts";
import { createSecretStore } from "../../src/cloud/secret-manager-v1/secret-store.ts";
import type { Build } from "../../src/core/build/state.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import { err, type Result } from "../../src/core/values/result.ts";
import { TriggerEngine } from "../../src/engine/triggers/trigger-engine.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import type { Caller } from "../../src/ports/identities.ts";
import type { Source } from "../../src/ports/source.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";
import { type BuildWorld, createBuildWorld } from "./build-world.ts";

export const GLOBAL = "/v1/projects/p1/locations/global/triggers";
/** What the webhook's secret is, with what an address must escape. */
export const WEBHOOK_SECRET = "the right & only one";
export const GITHUB_SECRET = "what GitHub signs by";
export const WEBHOOK = { secret: "projects/p1/secrets/hook/versions/1" };

const SECRETS = { hook: WEBHOOK_SECRET, empty: "", "github-webhook": GITHUB_SECRET } as const;
const CALLERS: Readonly<Record<string, Caller>> = {
  "Bearer ada": { kind: "person", name: "ada" },
  "Bearer ci-p2": { kind: "identity", email: "ci@p2.iam", environment: "production", project: "p2" },
};

/** What tests look at in answers of all kinds; each answer has some of it. */
export interface Answer {
  readonly id: string;
  readonly name: string;
  readonly resourceName: string;
  readonly buildTriggerId: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly state: string;
  readonly error: { readonly message: string };
  readonly builds: readonly { readonly id: string }[];
  readonly deliveries: readonly ShownDelivery[];
  readonly metadata: {
    readonly build: {
      readonly id: string;
      readonly serviceAccount?: string;
      readonly steps: readonly { readonly args: readonly string[] }[];
    };
  };
}

interface ShownDelivery {
  readonly verdict: string;
  readonly build: string;
  readonly reason: string;
}

/** Cloud Build's API over an engine with triggers and real repositories; whoever asks is `ada`. */
export interface TriggerWorld extends AsyncDisposable {
  readonly world: BuildWorld;
  readonly here: Repositories;
  readonly url: string;
  call(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    as?: string,
  ): Promise<{ readonly status: number; readonly body: Answer }>;
  /** The log of a build, once it has ended. */
  logOf(id: string): Promise<string>;
  /** What a trigger keeps of its deliveries, newest first. */
  deliveries(name: string): Promise<readonly ShownDelivery[]>;
}

/** Starts one; `https://github.com/acme/<name>` is the repository `<name>` of the test. */
export async function createTriggerWorld(): Promise<TriggerWorld> {
  const here = await makeRepositories();
  const directories = { mirrorsDirectory: join(here.folder, "mirrors"), umbrellaDirectory: here.umbrella };
  const source = withGithub(createSource(directories));
  const world = createBuildWorld({ sourceFor: (build, workspace) => checkOut(source, build, workspace) });
  const documents = createMemoryDocuments();
  const secrets = createSecretStore({ documents, encryptionKey: new Uint8Array(32).fill(7), clock: systemClock });
  for (const [secret, value] of Object.entries(SECRETS)) {
    await secrets.create({ project: "p1", secret }, { labels: {}, annotations: {} });
    await secrets.addVersion({ project: "p1", secret }, new TextEncoder().encode(value));
  }
  const triggers = new TriggerEngine({
    builds: world.engine,
    documents,
    source: { ...source, isDeclared: async (url) => url === "../app.git" },
    clock: systemClock,
    ids: systemIds,
  });
  const app = Fastify();
  const authority = createProjectAuthority();
  const callerOf = (request: FastifyRequest) => CALLERS[request.headers.authorization ?? ""];
  registerCloudBuildV1(app, { engine: world.engine, clock: systemClock, callerOf, authority, serverUrl: () => url });
  registerTriggersV1(app, { triggers, callerOf, authority, serverUrl: () => url });
  registerSecretManagerV1(app, { secrets, callerOf, authority });
  registerWebhooksV1(app, {
    triggers,
    accessSecret: (name) => {
      const [, project = "", , secret = "", , version = ""] = name.split("/");
      return secrets.access(project, secret, version);
    },
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const call: TriggerWorld["call"] = async (method, path, body, as = "ada") => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse(await response.text()) as Answer };
  };
  return {
    world,
    here,
    url,
    call,
    async logOf(id) {
      const build = await world.engine.ended(id, AbortSignal.timeout(20_000));
      if (build === undefined) throw new Error(`there is no build ${id}`);
      return world.log(build);
    },
    deliveries: async (name) => (await call("GET", `${GLOBAL}/${name}/deliveries`)).body.deliveries,
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections();
      await app.close();
      await world[Symbol.asyncDispose]();
      await here[Symbol.asyncDispose]();
    },
  };
}

/** The repository on GitHub is the bare one beside the umbrella. */
function withGithub(source: Source): Source {
  const local = (url: string) => url.replace(/^https:\/\/github\.com\/acme\/(\w+)$/, "../$1.git");
  return {
    refresh: (url) => source.refresh(local(url)),
    resolve: (url, ref) => source.resolve(local(url), ref),
    readFile: (url, commit, path) => source.readFile(local(url), commit, path),
    list: (url, commit, path) => source.list(local(url), commit, path),
    log: (url, range) => source.log(local(url), range),
    checkout: (url, commit, into) => source.checkout(local(url), commit, into),
  };
}

async function checkOut(source: Source, build: Build, workspace: string): Promise<Result<void, string>> {
  const { url, revision } = (build.config.source as { gitSource: { url: string; revision: CommitId } }).gitSource;
  const checkedOut = await source.checkout(url, revision, workspace);
  return checkedOut.ok ? checkedOut : err(checkedOut.error.kind);
}
