/** The embedded cloud: the build engine behind Cloud Build's API, Cloud Run and Secret Manager, on the server's port. */
import type { FastifyInstance } from "fastify";
import { createRegistryImages } from "../adapters/images/registry-images.ts";
import { createStepLogs } from "../adapters/logs/step-logs.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import { registerCloudBuildV1 } from "../cloud/cloud-build-v1/cloud-build-v1.ts";
import { registerTriggersV1 } from "../cloud/cloud-build-v1/triggers-v1.ts";
import { registerWebhooksV1 } from "../cloud/cloud-build-v1/webhooks-v1.ts";
import { registerLoggingV2 } from "../cloud/logging-v2/logging-v2.ts";
import { registerMonitoringV3 } from "../cloud/monitoring-v3/monitoring-v3.ts";
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
import { Secret } from "../core/values/secret.ts";
import { type BuildEngine, createBuildEngine } from "../engine/builds/build-engine.ts";
import { TriggerEngine } from "../engine/triggers/trigger-engine.ts";
import type { Identities } from "../ports/identities.ts";
import type { Source } from "../ports/source.ts";
import type { StepLogs } from "../ports/step-logs.ts";
import type { CallersOf } from "../server/routing.ts";
import { admitBuild } from "./admit-build.ts";
import type { BuildNetworks } from "./build-networks.ts";
import type { Access } from "./compose-access.ts";
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
  readonly access: Access;
  readonly run: RunCloud;
  readonly source: Source;
  readonly registry: string;
  readonly url: string;
  readonly execution: Execution;
  readonly networks: BuildNetworks;
}

export interface Cloud {
  readonly builds: BuildEngine;
  readonly stepLogs: StepLogs;
  readonly run: RunCloud;
  readonly secrets: SecretStore;
  readonly register: (app: FastifyInstance, callers: CallersOf) => void;
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
    admitBuild: (build) =>
      admitBuild(
        { networks: parts.networks, executor: parts.execution.executor, path: foundation.programs.path },
        build,
      ),
    stepEnvironment: ({ build }) => stepEnvironment(parts, build),
    sourceFor: (build, workspace) => fetchSource({ objects, source: parts.source }, build, workspace),
    accessSecret: parts.access.buildSecret,
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
    register(app, { withSteps }) {
      const gate = { callerOf: withSteps, authority: parts.access.authority };
      registerCloudBuildV1(app, { engine: builds, clock, ...gate, serverUrl: () => url });
      registerTriggersV1(app, { triggers, ...gate, serverUrl: () => url });
      registerWebhooksV1(app, { triggers, accessSecret: (versionName) => secretVersion(secrets, versionName) });
      registerRunV1(app, { run, ...gate });
      registerRunV2(app, { run, ...gate });
      registerSecretManagerV1(app, { secrets, ...gate });
      registerStorageV1(app, { objects, ...gate });
      registerServiceUsageV1(app, gate);
      registerProjectsV1(app, gate);
      registerArtifactRegistryV1(app, { images: catalogue, documents: store.documents, clock, ...gate });
      registerMonitoringV3(app, { ...gate, requests: () => run.metrics().revisions });
      registerLoggingV2(app, { ...gate, buildOf: (id) => builds.get(id), logs: stepLogs });
    },
  };
}

async function stepEnvironment({ foundation, identities, access, registry, url }: Parts, build: Build) {
  const email = await access.accountOf(build);
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
