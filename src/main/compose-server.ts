/**
 * The server: everything of one installation put together, in the order in which each part needs the others. Starting
 * is recovering: strays of an earlier server are ended, its PostgreSQL is adopted, and builds and releases go on.
 */

import { findNetworkNamespace } from "../adapters/executors/network-namespace.ts";
import { findSandbox } from "../adapters/executors/sandbox.ts";
import { createSupervisors } from "../adapters/executors/supervisors.ts";
import { createSource } from "../adapters/git/source.ts";
import { createWriteBack } from "../adapters/git/write-back.ts";
import { createProbe } from "../adapters/http/probe.ts";
import { createIdentities } from "../adapters/identity/identities.ts";
import { loadInstallation } from "../adapters/identity/installation.ts";
import { createImageUnpacker } from "../adapters/images/image-unpacker.ts";
import { type Cluster, openCluster } from "../adapters/postgres/open-cluster.ts";
import { createStore } from "../adapters/store/store.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import { createRegistryServer } from "../cloud/registry/registry-server.ts";
import { createRunCloud } from "../cloud/run/run-cloud.ts";
import { createSecretStore } from "../cloud/secret-manager-v1/secret-store.ts";
import type { Problem } from "../core/values/problem.ts";
import { ok, type Result } from "../core/values/result.ts";
import type { Documents } from "../ports/documents.ts";
import { BuildNetworks } from "./build-networks.ts";
import { type Cloud, composeCloud } from "./compose-cloud.ts";
import { composeExecutor } from "./compose-executor.ts";
import { composeReleases } from "./compose-releases.ts";
import { Environments } from "./environments.ts";
import type { Foundation, RunningServer, ServerRequest } from "./foundation.ts";
import { holdInstallation } from "./hold-installation.ts";
import { installPrograms } from "./programs.ts";
import { type StatePaths, statePaths } from "./state-paths.ts";

type Stop = () => Promise<void>;

/** Starts the server; everything that was started is stopped again where a part cannot start. */
export async function startServer(request: ServerRequest): Promise<Result<RunningServer, Problem>> {
  const stops: Stop[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const started = await start(request, stops);
    if (!started.ok) await stop();
    return started.ok ? ok({ ...started.value, stop }) : started;
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function start(request: ServerRequest, stops: Stop[]): Promise<Result<Omit<RunningServer, "stop">, Problem>> {
  const foundation = await layFoundation(request, stops);
  if (!foundation.ok) return foundation;
  const { installation, paths, store, supervisors } = foundation.value;
  const registry = await startRegistry(paths, store.documents, stops);
  const secrets = createSecretStore({ documents: store.documents, encryptionKey: installation.encryptionKey, clock });
  await request.prepare?.(secrets);
  const networks = await BuildNetworks.open({
    directory: request.directory,
    ownPorts: [request.port, Number(new URL(registry).port)],
  });
  const unpacker = createImageUnpacker({ registryUrl: registry, unpackedDirectory: paths.unpacked });
  const run = createRunCloud({
    documents: store.documents,
    openSupervisor: () => supervisors.open({ name: "instances", directory: `${paths.instances}/records` }),
    unpackImage: (reference) => unpacker.unpack(reference),
    accessSecret: (project, secret, version) => secrets.access(project, secret, version),
    onAddress: (address) => networks.addAddress(address),
    clock,
    ids,
    directory: paths.instances,
    path: foundation.value.programs.path,
  });
  stops.push(() => run.close());
  const identities = createIdentities({
    signingKey: installation.signingKey,
    personToken: async () => installation.personToken.reveal(),
    personName: request.person,
    clock,
  });
  const url = `http://127.0.0.1:${request.port}`;
  const source = createSource({ mirrorsDirectory: paths.mirrors, umbrellaDirectory: request.directory });
  const execution = await composeExecutor(foundation.value, registry, networks);
  if (!execution.ok) return execution;
  const cloud: Cloud = composeCloud({
    foundation: foundation.value,
    execution: execution.value,
    networks,
    identities,
    secrets,
    run,
    source,
    registry,
    url,
  });
  stops.push(() => cloud.builds.close());
  const environments = new Environments({
    foundation: foundation.value,
    identities,
    run,
    registryUrl: registry,
    serverUrl: url,
  });
  stops.push(() => environments.close());
  return composeReleases({
    foundation: foundation.value,
    cloud,
    environments,
    identities,
    source,
    probe: createProbe(clock),
    writeBack: (umbrellaUrl) =>
      createWriteBack({
        umbrellaUrl: source.absoluteUrl(umbrellaUrl),
        umbrellaDirectory: request.directory,
        workDirectory: paths.writeBack,
        author: { name: "Mobius Release", email: "mobius@localhost" },
        clock,
      }),
    url,
    registry,
    stops,
  });
}

async function layFoundation(request: ServerRequest, stops: Stop[]): Promise<Result<Foundation, Problem>> {
  const paths = statePaths(request.stateDirectory);
  const loaded = await loadInstallation({ stateDirectory: request.stateDirectory, ids });
  if (!loaded.ok) return loaded;
  const installation = loaded.value;
  const programs = await installPrograms(paths, request.searchPath);
  const supervisors = createSupervisors({
    installationId: installation.id,
    nodePath: programs.node,
    supervisorScript: programs.supervisor,
    clock,
  });
  // Tried out while the database starts.
  const sandboxTried = findSandbox(paths.root, programs.path);
  const namespaceTried = findNetworkNamespace(programs.path);
  const opened = await openDatabase(request, paths, stops);
  if (!opened.ok) return opened;
  const held = await holdInstallation(opened.value, request.stateDirectory);
  if (!held.ok) return held;
  stops.push(held.value);
  const swept = await supervisors.sweep();
  if (swept > 0) request.log(`${swept} processes of an earlier server ended`);
  const store = await createStore({ connection: opened.value, clock, ids });
  if (!store.ok) return store;
  stops.push(() => store.value.close());
  const sandbox = (await sandboxTried) ?? "none";
  if (sandbox === "none") request.log("No user namespaces here: steps of builds can reach what this user can reach.");
  const namespace = await namespaceTried;
  if (namespace.kind === "missing") {
    request.log(
      `No network namespaces here (${namespace.what}): steps of builds can reach every address that this machine can.`,
    );
  }
  return ok({ request, installation, paths, store: store.value, supervisors, programs, sandbox, namespace });
}

async function openDatabase(
  request: ServerRequest,
  paths: StatePaths,
  stops: Stop[],
): Promise<Result<ReturnType<Cluster["connect"]>, Problem>> {
  if (request.databaseUrl !== undefined) return ok({ connectionString: request.databaseUrl });
  const { searchPath } = request;
  const cluster = await openCluster({ directory: paths.serverCluster, name: "server", clock, ids, searchPath });
  if (!cluster.ok) return cluster;
  stops.push(() => cluster.value.stop());
  return ok(cluster.value.connect());
}

/** The registry keeps its port, so that references that hold it stay good. */
async function startRegistry(paths: StatePaths, documents: Documents, stops: Stop[]): Promise<string> {
  const registry = createRegistryServer({ directory: paths.registry, clock, ids });
  const kept = await documents.get<{ port: number }>("installation", "registry");
  const listening = await registry.listen(kept?.value.port).catch(() => registry.listen());
  stops.push(() => registry.close());
  if (listening.port !== kept?.value.port) {
    await documents.put("installation", "registry", { port: listening.port }, kept?.version ?? 0);
  }
  return listening.url;
}
