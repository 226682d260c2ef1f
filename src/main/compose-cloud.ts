/** The embedded cloud: the build engine behind Cloud Build's API, Cloud Run and Secret Manager, on the server's port. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { createRegistryImages } from "../adapters/images/registry-images.ts";
import { createStepLogs } from "../adapters/logs/step-logs.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import { registerCloudBuildV1 } from "../cloud/cloud-build-v1/cloud-build-v1.ts";
import { registerTriggersV1 } from "../cloud/cloud-build-v1/triggers-v1.ts";
import { registerWebhooksV1 } from "../cloud/cloud-build-v1/webhooks-v1.ts";
import { registerLoggingV2 } from "../cloud/logging-v2/logging-v2.ts";
import { registerProjectsV1 } from "../cloud/projects-v1/projects-v1.ts";
import { registerArtifactRegistryV1 } from "../cloud/registry/artifact-registry-v1.ts";
import { createImageCatalogue } from "../cloud/registry/image-catalogue.ts";
import type { RunCloud } from "../cloud/run/run-cloud.ts";
import { registerRunV1 } from "../cloud/run/run-v1.ts";
import { registerRunV2 } from "../cloud/run/run-v2.ts";
import { registerSecretManagerV1 } from "../cloud/secret-manager-v1/secret-manager-v1.ts";
import type { SecretStore } from "../cloud/secret-manager-v1/secret-store.ts";
import { registerServiceUsageV1 } from "../cloud/service-usage-v1/service-usage-v1.ts";
import { createObjectStore } from "../cloud/storage/object-store.ts";
import { registerStorageV1 } from "../cloud/storage/storage-v1.ts";
import type { Build } from "../core/build/state.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import { Secret } from "../core/values/secret.ts";
import { type BuildEngine, createBuildEngine } from "../engine/builds/build-engine.ts";
import { TriggerEngine } from "../engine/triggers/trigger-engine.ts";
import type { Caller, Identities } from "../ports/identities.ts";
import type { Source } from "../ports/source.ts";
import type { StepLogs } from "../ports/step-logs.ts";
import type { Execution } from "./compose-executor.ts";
import { isDeclaredRepository } from "./declared-repositories.ts";
import { fetchSource } from "./fetch-source.ts";
import type { Foundation } from "./foundation.ts";
import { storeArtifacts } from "./store-artifacts.ts";

/** A step token outlives the longest build a little. */
const STEP_TOKEN_MS = 24 * 60 * 60 * 1_000;

interface Parts {
  readonly foundation: Foundation;
  readonly identities: Identities;
  readonly secrets: SecretStore;
  readonly run: RunCloud;
  readonly source: Source;
  readonly registry: string;
  readonly url: string;
  readonly execution: Execution;
}

export interface Cloud {
  readonly builds: BuildEngine;
  readonly stepLogs: StepLogs;
  readonly run: RunCloud;
  readonly secrets: SecretStore;
  readonly register: (app: FastifyInstance, callerOf: (request: FastifyRequest) => Promise<Caller | undefined>) => void;
}

/** Puts it together; nothing runs yet. */
export function composeCloud(parts: Parts): Cloud {
  const { foundation, secrets, run, registry, url } = parts;
  const { paths, store, request } = foundation;
  const stepLogs = createStepLogs({ buildsDirectory: paths.builds, clock });
  const images = createRegistryImages({ registryUrl: registry });
  const objects = createObjectStore({ documents: store.documents, directory: paths.uploads, clock, ids });
  const catalogue = createImageCatalogue({ directory: paths.registry, ids });
  const builds = createBuildEngine({
    eventLog: store.eventLog,
    ...parts.execution,
    stepLogs,
    clock,
    ids,
    buildsDirectory: paths.builds,
    stepEnvironment: ({ build }) => stepEnvironment(parts, build),
    sourceFor: (build, workspace) => fetchSource({ objects, source: parts.source }, build, workspace),
    accessSecret: (versionName, build) => accessSecret(secrets, versionName, build),
    storeArtifacts: (asked) => storeArtifacts(objects, asked),
    resolveImage: (reference) => images.resolve(reference),
    onFault: (build, fault) => request.log(`build ${build}: ${fault instanceof Error ? fault.stack : String(fault)}`),
  });
  const source = { ...parts.source, isDeclared: (url: string) => isDeclaredRepository(request.directory, url) };
  const triggers = new TriggerEngine({ builds, documents: store.documents, source, clock, ids });
  return {
    builds,
    stepLogs,
    run,
    secrets,
    register(app, callerOf) {
      registerCloudBuildV1(app, { engine: builds, clock, callerOf, serverUrl: () => url });
      registerTriggersV1(app, { triggers, callerOf, serverUrl: () => url });
      registerWebhooksV1(app, { triggers, accessSecret: (versionName) => secretVersion(secrets, versionName) });
      registerRunV1(app, { run, callerOf });
      registerRunV2(app, { run, callerOf });
      registerSecretManagerV1(app, { secrets, callerOf });
      registerStorageV1(app, { objects, callerOf });
      registerServiceUsageV1(app, { callerOf });
      registerProjectsV1(app, { callerOf });
      registerArtifactRegistryV1(app, { images: catalogue, documents: store.documents, clock, callerOf });
      registerLoggingV2(app, { callerOf, buildOf: (id) => builds.get(id), logs: stepLogs });
    },
  };
}

async function stepEnvironment({ foundation, identities, registry, url }: Parts, build: Build) {
  const email = build.config.serviceAccount?.split("/").at(-1) ?? "";
  const caller = { kind: "step", build: build.id, environment: "", project: build.project, email } as const;
  const token = await identities.issue(caller, STEP_TOKEN_MS);
  return {
    env: { PATH: foundation.programs.path, MOBIUS_SERVER: url, MOBIUS_REGISTRY: new URL(registry).host },
    secretEnv: { MOBIUS_STEP_TOKEN: new Secret(token) },
  };
}

async function secretVersion(secrets: SecretStore, versionName: string): Promise<Secret | undefined> {
  const [, project = "", secret = "", version = ""] =
    /^projects\/([^/]+)\/secrets\/([^/]+)\/versions\/([^/]+)$/.exec(versionName) ?? [];
  return secrets.access(project, secret, version);
}

/** A build reads the secrets of its own project, and no others. */
async function accessSecret(secrets: SecretStore, versionName: string, build: Build): Promise<Result<Secret, string>> {
  const isOwn = versionName.startsWith(`projects/${build.project}/`);
  if (!isOwn) return err(`rpc error: code = PermissionDenied desc = ${versionName}`);
  const value = await secretVersion(secrets, versionName);
  return value === undefined ? err(`rpc error: code = NotFound desc = Secret [${versionName}] not found.`) : ok(value);
}
