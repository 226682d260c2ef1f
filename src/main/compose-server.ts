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
import { createPeople } from "../adapters/identity/people.ts";
import { createImageUnpacker } from "../adapters/images/image-unpacker.ts";
import { type Cluster, openCluster } from "../adapters/postgres/open-cluster.ts";
import { createStore } from "../adapters/store/store.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import { createRegistryServer, type RegistryOptions } from "../cloud/registry/registry-server.ts";
import { createRunCloud, type RunCloud } from "../cloud/run/run-cloud.ts";
import { createSecretStore } from "../cloud/secret-manager-v1/secret-store.ts";
import type { Problem } from "../core/values/problem.ts";
import { ok, type Result } from "../core/values/result.ts";
import type { Documents } from "../ports/documents.ts";
import { BuildNetworks } from "./build-networks.ts";
import { type Access, composeAccess } from "./compose-access.ts";
import { type Cloud, composeCloud } from "./compose-cloud.ts";
import { composeExecutor } from "./compose-executor.ts";
import { composeReleases } from "./compose-releases.ts";
import { Environments } from "./environments.ts";
import type { Foundation, RunningServer, ServerRequest } from "./foundation.ts";
import { holdInstallation } from "./hold-installation.ts";
import { installPrograms } from "./programs.ts";
import { registryAccess } from "./registry-access.ts";
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
  const { installation, paths, store } = foundation.value;
  const secrets = createSecretStore({ documents: store.documents, encryptionKey: installation.encryptionKey, clock });
  const people = createPeople({ documents: store.documents, owner: request.person, clock, ids });
  await request.prepare?.({ secrets, people });
  const access = composeAccess(foundation.value, secrets);
  stops.push(() => access.audit.settle());
  const identities = createIdentities({
    signingKey: installation.signingKey,
    personToken: async () => installation.personToken.reveal(),
    personName: request.person,
    personOf: (token) => people.personOf(token),
    clock,
  });
  const registry = await startRegistry(paths, store.documents, {
    authorize: registryAccess({ identities, access }),
    stops,
  });
  const networks = await BuildNetworks.open({
    directory: request.directory,
    ownPorts: [request.port, Number(new URL(registry).port)],
  });
  const run = openRun(foundation.value, { registry, access, networks });
  stops.push(() => run.close());
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
    access,
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
    serverUrl: request.cloudUrl ?? url,
  });
  stops.push(() => environments.close());
  return composeReleases({
    foundation: foundation.value,
    cloud,
    environments,
    identities,
    people,
    access,
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

/** The embedded Cloud Run: instances of images of the registry, with the secrets that their accounts may read. */
function openRun(
  { store, supervisors, paths, programs }: Foundation,
  parts: { readonly registry: string; readonly access: Access; readonly networks: BuildNetworks },
): RunCloud {
  const unpacker = createImageUnpacker({ registryUrl: parts.registry, unpackedDirectory: paths.unpacked });
  return createRunCloud({
    documents: store.documents,
    openSupervisor: () => supervisors.open({ name: "instances", directory: `${paths.instances}/records` }),
    unpackImage: (reference) => unpacker.unpack(reference),
    accessSecret: parts.access.instanceSecret,
    onAddress: (address) => parts.networks.addAddress(address),
    clock,
    ids,
    directory: paths.instances,
    path: programs.path,
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
  const opened = await openDatabase(request, paths);
  if (!opened.ok) return opened;
  const { connection, stop } = opened.value;
  const held = await holdInstallation(connection, request.stateDirectory);
  // The PostgreSQL belongs to the server that holds the installation: whoever is refused leaves it alone.
  if (!held.ok) return held;
  stops.push(stop, held.value);
  const swept = await supervisors.sweep();
  if (swept > 0) request.log(`${swept} processes of an earlier server ended`);
  const store = await createStore({ connection, clock, ids });
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
): Promise<Result<{ readonly connection: ReturnType<Cluster["connect"]>; readonly stop: Stop }, Problem>> {
  const { databaseUrl } = request;
  if (databaseUrl !== undefined) return ok({ connection: { connectionString: databaseUrl }, stop: async () => {} });
  const { searchPath } = request;
  const cluster = await openCluster({ directory: paths.serverCluster, name: "server", clock, ids, searchPath });
  if (!cluster.ok) return cluster;
  return ok({ connection: cluster.value.connect(), stop: () => cluster.value.stop() });
}

/** The registry keeps its port, so that references that hold it stay good. */
async function startRegistry(
  paths: StatePaths,
  documents: Documents,
  { authorize, stops }: Pick<RegistryOptions, "authorize"> & { readonly stops: Stop[] },
): Promise<string> {
  const registry = createRegistryServer({ directory: paths.registry, clock, ids, ...(authorize && { authorize }) });
  const kept = await documents.get<{ port: number }>("installation", "registry");
  const listening = await registry.listen(kept?.value.port).catch(() => registry.listen());
  stops.push(() => registry.close());
  if (listening.port !== kept?.value.port) {
    await documents.put("installation", "registry", { port: listening.port }, kept?.version ?? 0);
  }
  return listening.url;
}
