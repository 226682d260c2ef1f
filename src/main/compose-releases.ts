/** Releases on top of the cloud: the engine, the HTTP server, and the order in which they start and stop. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findProgram } from "../adapters/executors/find-program.ts";
import { createScriptRunner } from "../adapters/scripts/script-runner.ts";
import { portHolder } from "../adapters/system/port-holder.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import { buildOf } from "../core/release/apply-event.ts";
import type { Release } from "../core/release/state.ts";
import { actorId } from "../core/values/ids.ts";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import { MetricsDesk } from "../engine/metrics/metrics-desk.ts";
import { RecordKeeper } from "../engine/records/record-keeper.ts";
import { RecordsDesk } from "../engine/records/records-desk.ts";
import { ReleaseEngine } from "../engine/releases/release-engine.ts";
import type { BuildRequest, ReleasePorts } from "../engine/releases/release-ports.ts";
import { watchDrift } from "../engine/releases/watch-drift.ts";
import type { Identities } from "../ports/identities.ts";
import type { People } from "../ports/people.ts";
import type { Probe } from "../ports/probe.ts";
import type { Source, WriteBack } from "../ports/source.ts";
import { createServer } from "../server/create-server.ts";
import type { Access } from "./compose-access.ts";
import type { Cloud } from "./compose-cloud.ts";
import { composeNotifications } from "./compose-notifications.ts";
import { environmentAccess } from "./environment-access.ts";
import type { Environments } from "./environments.ts";
import type { Foundation, RunningServer } from "./foundation.ts";
import { portTaken } from "./problems.ts";
import { prometheusText } from "./prometheus-text.ts";
import { readPlatform } from "./read-platform.ts";
import { servedEnvironment } from "./served-environment.ts";

interface Parts {
  readonly foundation: Foundation;
  readonly cloud: Cloud;
  readonly environments: Environments;
  readonly identities: Identities;
  readonly people: People;
  readonly access: Access;
  readonly source: Source & { readonly absoluteUrl: (url: string) => string };
  readonly probe: Probe;
  readonly writeBack: (umbrellaUrl: string) => WriteBack;
  readonly url: string;
  readonly registry: string;
  readonly stops: (() => Promise<void>)[];
}

/** Starts what is left: the HTTP server first, since steps that go on call it at once. */
export async function composeReleases(parts: Parts): Promise<Result<Omit<RunningServer, "stop">, Problem>> {
  const { foundation, cloud, identities, url, stops } = parts;
  const { request } = foundation;
  const umbrella = await umbrellaUrl(request.directory);
  if (!umbrella.ok) return umbrella;
  let isReady = false;
  const ports = releasePorts(parts, umbrella.value);
  const fail = (release: string, cause: unknown) =>
    request.log(`${release}: ${cause instanceof Error ? cause.stack : String(cause)}`);
  const engine = new ReleaseEngine(ports, fail);
  const { dispatcher, desk, pushToken, register } = composeNotifications({
    foundation,
    secrets: cloud.secrets,
    url,
    hasRelease: (build) => engine.list().some((release) => isOfBuild(release, build)),
  });
  const { app, makeLink } = createServer({
    engine,
    records: new RecordsDesk({ ...ports, releases: () => engine.list() }),
    notifications: desk,
    requestMetrics: new MetricsDesk({ ...ports, releases: () => engine.list() }),
    identities,
    clock,
    ids,
    installation: foundation.installation.id,
    version: await packageVersion(),
    person: request.person,
    people: parts.people,
    isReady: () => isReady,
    onFault: (id, cause) => request.log(`request ${id}: ${cause instanceof Error ? cause.stack : String(cause)}`),
    buildLog: (build, fromByte) => buildLog(cloud, build, fromByte),
    metrics: () => prometheusText(cloud.run.metrics()),
    schema: readSchema,
    environment: (name) => servedEnvironment(parts.environments, request.directory, name),
    access: (name) => environmentAccess(identities, request.directory, name),
    pushToken,
    audit: parts.access.audit,
    grants: parts.access.grants,
    register(fastify, callers) {
      cloud.register(fastify, callers);
      register(fastify);
    },
  });
  // Before anything can change a service: what an earlier server left half done is settled first.
  await cloud.run.start();
  const listening = await listen(() => app.listen({ host: "127.0.0.1", port: request.port }), request.port);
  if (!listening.ok) return listening;
  stops.push(async () => {
    isReady = false;
    await dispatcher.stop();
    await engine.stop();
    await app.close();
  });
  await cloud.builds.recover();
  await engine.start();
  startKeeper(new RecordKeeper({ ports, releases: () => engine.list(), onFailure: fail }), stops, fail);
  dispatcher.start();
  isReady = true;
  const watching = new AbortController();
  const watched = watchDrift(
    { engine, clock },
    (environment, cause) => request.log(`drift of ${environment}: ${String(cause)}`),
    watching.signal,
  );
  const environments = async () => {
    const platform = await engine.platform();
    return platform.ok ? Object.keys(platform.value.environments) : [];
  };
  const pruned = engine.retention.keep(
    environments,
    (environment, cause) => request.log(`retention of ${environment}: ${String(cause)}`),
    watching.signal,
  );
  stops.push(async () => {
    watching.abort();
    await Promise.all([watched, pruned]);
  });
  return ok({ url, makeLink });
}

/** Beside the releases, and ended before them. */
function startKeeper(keeper: RecordKeeper, stops: Parts["stops"], fail: (of: string, cause: unknown) => void): void {
  const stopping = new AbortController();
  const ended = keeper.run(stopping.signal).catch((cause: unknown) => fail("records", cause));
  stops.push(async () => {
    stopping.abort();
    await ended;
  });
}

function isOfBuild(release: Release, id: string): boolean {
  const build = buildOf(release.stage);
  const own = build.kind === "submitted" || build.kind === "ended" ? build.id : undefined;
  return release.givenBuild?.id === id || own === id;
}

function releasePorts(parts: Parts, umbrella: string): ReleasePorts {
  const { foundation, source, probe, environments, access, registry } = parts;
  const { paths, programs, request, store, supervisors } = foundation;
  const scripts = createScriptRunner({
    source,
    openSupervisor: () =>
      supervisors.open({ name: `scripts-${ids.randomHex(4)}`, directory: join(paths.scripts, "records") }),
    directory: paths.scripts,
    path: programs.path,
    find: (name) => findProgram(name, programs.path, "/"),
  });
  return {
    clock,
    ids,
    eventLog: store.eventLog,
    leases: store.leases,
    people: parts.people,
    source,
    writeBack: parts.writeBack(umbrella),
    probe,
    scripts,
    umbrella,
    registryUrl: registry,
    reachableUrl: (url) => source.absoluteUrl(url),
    buildRequest: (build) => buildRequest(parts.cloud, parts.url, build),
    endBuild: async (build, reason) => void (await parts.cloud.builds.cancel(build, actorId("system", ""), reason)),
    environment: async (platform, environment) => {
      await access.grants.adopt(platform, environment);
      return environments.ports(environment);
    },
    reach: request.reach,
  };
}

/** What a triggered build asks for: the manifest among its substitutions. */
async function buildRequest(cloud: Cloud, url: string, id: string): Promise<BuildRequest | undefined> {
  const build = await cloud.builds.get(id);
  const { _RELEASE_MANIFEST: manifestPath = "", _GIT_REF: gitRef = "" } = build?.substitutions ?? {};
  if (build === undefined || manifestPath === "") return undefined;
  return {
    manifestPath,
    ...(gitRef === "" ? {} : { umbrellaRef: gitRef }),
    project: build.project,
    trigger: build.asked?.trigger?.id ?? `build:${id}`,
    logUrl: `${url}/builds/${id}`,
  };
}

/** Where the umbrella's commits are: its origin as the platform file says, or its own folder. */
async function umbrellaUrl(directory: string): Promise<Result<string, Problem>> {
  const platform = await readPlatform(directory);
  return platform.ok ? ok(platform.value.git.umbrella ?? directory) : err(platform.problems[0]);
}

async function listen(open: () => Promise<unknown>, port: number): Promise<Result<void, Problem>> {
  try {
    await open();
    return ok(undefined);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EADDRINUSE") throw cause;
    return err(portTaken(port, await portHolder(port)));
  }
}

async function buildLog(cloud: Cloud, build: string, fromByte: number) {
  if ((await cloud.builds.get(build)) === undefined) return undefined;
  let text = "";
  for (let next = fromByte; ; ) {
    const piece = await cloud.stepLogs.read({ build, fromByte: next });
    if (piece.text === "") return { text, next };
    text += piece.text;
    next = piece.next;
  }
}

async function readSchema(name: string): Promise<string | undefined> {
  if (!/^[a-z-]+\.schema\.json$/.test(name)) return undefined;
  return readFile(resolve(import.meta.dirname, "..", "..", "schemas", name), "utf8").catch(() => undefined);
}

async function packageVersion(): Promise<string> {
  const text = await readFile(resolve(import.meta.dirname, "..", "..", "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
