import type { Manifest } from "../../core/manifest/manifest.ts";
import { buildKey, buildKeyTag } from "../../core/plan/build-key.ts";
import { databaseUrlSecret } from "../../core/plan/intended-service.ts";
import type { PlanInput, ResolvedArtifact, ResolvedCommit } from "../../core/plan/plan-input.ts";
import { commitAmbiguous, commitNotPushed, repositoryUnreachable } from "../../core/plan/problems.ts";
import {
  artifactOf,
  type BuiltImage,
  type Environment,
  type Module,
  type Platform,
} from "../../core/platform/platform.ts";
import { takesDigestsOnly } from "../../core/platform/protection.ts";
import { digestOf, isDigest } from "../../core/values/digest.ts";
import { matchesGlob } from "../../core/values/glob.ts";
import type { CommitId } from "../../core/values/ids.ts";
import type { Problem } from "../../core/values/problem.ts";
import type { SourceRefusal, TreeEntry } from "../../ports/source.ts";
import { gatherMigrations } from "./migration-files.ts";
import { isWhollyNamed, pinnedImage } from "./pinned-image.ts";
import type { EnvironmentPorts, ReleasePorts } from "./release-ports.ts";

export interface GatherRequest {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly manifest: Manifest;
  readonly manifestText: string;
  readonly umbrellaCommit: CommitId;
  readonly released: Readonly<Record<string, CommitId>>;
  readonly dropped: readonly string[];
}

type Commits = Record<string, ResolvedCommit>;

/** Asks the world everything that a plan needs to know, in parallel where nothing depends on it. Changes nothing. */
export async function gatherPlanInput(
  ports: ReleasePorts,
  environmentPorts: EnvironmentPorts,
  request: GatherRequest,
): Promise<PlanInput> {
  const { platform, environment, manifest } = request;
  const [{ commits, problems }, services, secretVersions, addresses, jobs, ledgers, connectionLimit] =
    await Promise.all([
      resolveCommits(ports, request),
      environmentPorts.services.list(),
      gatherSecrets(environmentPorts, platform, environment),
      gatherAddresses(environmentPorts, platform),
      gatherJobs(environmentPorts, platform),
      gatherLedgers(environmentPorts, platform, environment, manifest),
      environmentPorts.databases.connectionLimit(),
    ]);
  const [artifacts, migrationFiles] = await Promise.all([
    gatherArtifacts(ports, environmentPorts, { ...request, commits }),
    gatherMigrations(ports.source, platform, manifest, commits),
  ]);
  return {
    platform,
    environment,
    manifest,
    manifestDigest: digestOf(request.manifestText),
    commits,
    artifacts,
    migrationFiles,
    ledgers,
    connectionLimit,
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    jobs,
    addresses,
    secretVersions,
    released: request.released,
    dropped: request.dropped,
    problems,
  };
}

async function resolveCommits(
  ports: ReleasePorts,
  { platform, environment, manifest, umbrellaCommit }: GatherRequest,
): Promise<{ commits: Commits; problems: readonly Problem[] }> {
  const commits: Commits = {};
  const problems: Problem[] = [];
  const isBuiltWith = (module: Module) => !takesDigestsOnly(environment) && isInputOfNamed(platform, manifest, module);
  await Promise.all(
    Object.values(platform.modules).map(async (module) => {
      if (module.source.kind === "umbrella") {
        const shared = { repository: ports.umbrella, path: module.path };
        commits[module.name] = { ...shared, ref: umbrellaCommit, commit: umbrellaCommit };
        return;
      }
      const located = manifest.commits[module.name];
      const ref = located?.value ?? (isBuiltWith(module) ? "HEAD" : undefined);
      if (ref === undefined) return;
      const { url } = module.source;
      const refreshed = await ports.source.refresh(url);
      const resolved = refreshed.ok ? await ports.source.resolve(url, ref) : refreshed;
      if (resolved.ok) commits[module.name] = { ref, repository: url, path: module.path, commit: resolved.value };
      else problems.push(refusal(module.name, ref, resolved.error, located?.where));
    }),
  );
  const ordered = Object.keys(platform.modules).flatMap((name) => {
    const commit = commits[name];
    return commit === undefined ? [] : [[name, commit] as const];
  });
  return { commits: Object.fromEntries(ordered), problems };
}

/** A build input that the manifest does not pin is taken at its remote's head, and pinned in the record. */
function isInputOfNamed(platform: Platform, manifest: Manifest, module: Module): boolean {
  return Object.values(platform.modules).some(
    (other) =>
      manifest.commits[other.name] !== undefined &&
      other.inputs.some((input) => input.kind === "module" && input.module === module.name),
  );
}

function refusal(module: string, ref: string, refused: SourceRefusal, where?: Problem["where"]): Problem {
  if (refused.kind === "unreachable") return repositoryUnreachable(module, refused.url, refused.reason);
  if (refused.kind === "ambiguous") return commitAmbiguous(module, ref, where);
  return commitNotPushed(module, ref, refused.url, where);
}

/** What is asked for, with the commits that it comes to. */
type Resolved = GatherRequest & { readonly commits: Commits };

async function gatherArtifacts(
  ports: ReleasePorts,
  environmentPorts: EnvironmentPorts,
  request: Resolved,
): Promise<Record<string, ResolvedArtifact>> {
  const { platform, commits } = request;
  const named = Object.values(platform.images).filter(
    (entry): entry is BuiltImage =>
      entry.kind === "built" &&
      commits[entry.module] !== undefined &&
      (request.manifest.commits[entry.module] !== undefined || isOfUmbrella(request, entry)),
  );
  const resolved = await Promise.all(
    named.map(async (entry) => {
      const artifact = await resolveArtifact(ports, environmentPorts, request, entry);
      return artifact === undefined ? [] : [[entry.name, artifact] as const];
    }),
  );
  return Object.fromEntries(resolved.flat());
}

/** The umbrella's own images belong to each release; where digests only are taken, to one whose manifest names them. */
function isOfUmbrella({ platform, environment, manifest }: GatherRequest, entry: BuiltImage): boolean {
  if (platform.modules[entry.module]?.source.kind !== "umbrella") return false;
  const isNamed = (name: string) => artifactOf(platform, name).name === entry.name;
  return !takesDigestsOnly(environment) || Object.keys(manifest.images).some(isNamed);
}

async function resolveArtifact(
  ports: ReleasePorts,
  { images }: EnvironmentPorts,
  { platform, environment, manifest, umbrellaCommit, commits }: Resolved,
  entry: BuiltImage,
): Promise<ResolvedArtifact | undefined> {
  const module = platform.modules[entry.module];
  const commit = commits[entry.module];
  if (module === undefined || commit === undefined) return undefined;
  const files = await moduleFiles(ports, module, commit);
  const inputs = await Promise.all(
    module.inputs.map(async (input) => {
      if (input.kind === "umbrella") {
        return { path: input.path, files: await ports.source.list(ports.umbrella, umbrellaCommit, input.path) };
      }
      const source = commits[input.module];
      const other = platform.modules[input.module];
      if (source === undefined || other === undefined) return { path: input.module, files: [] };
      return { path: other.path, files: await moduleFiles(ports, other, source) };
    }),
  );
  const computed = buildKey({ image: entry, module, files, inputs });
  const repository = `${environment.registry}/${entry.repository}`;
  const digestsOnly = takesDigestsOnly(environment);
  const written = Object.keys(platform.images)
    .filter((name) => artifactOf(platform, name).name === entry.name)
    .flatMap((name) => manifest.images[name]?.value.digest ?? [])[0];
  const pinned =
    written === undefined || !isDigest(written) ? undefined : await pinnedImage(images, repository, written);
  const said = digestsOnly && !isWhollyNamed(manifest, module) ? pinned?.key : undefined;
  const key = said !== undefined && isDigest(said) ? said : computed;
  const present = await images.resolve(`${repository}:${buildKeyTag(key)}`);
  return {
    key,
    ...(present === undefined ? {} : { present }),
    ...(pinned === undefined ? {} : { pinned }),
    missing: digestsOnly ? [] : missingFiles(module, entry, files),
  };
}

/** Files of a module with paths relative to the module: one that lives in the umbrella has only its own folder. */
async function moduleFiles(ports: ReleasePorts, module: Module, commit: ResolvedCommit): Promise<readonly TreeEntry[]> {
  if (module.source.kind === "repository") return ports.source.list(commit.repository, commit.commit, ".");
  const entries = await ports.source.list(commit.repository, commit.commit, module.path);
  const prefix = module.path === "." ? "" : `${module.path}/`;
  return entries.map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
}

/** A module's own script may make files that its images include, so only modules without one are checked. */
function missingFiles(module: Module, entry: BuiltImage, files: readonly TreeEntry[]): readonly string[] {
  if (entry.build.kind !== "source" || module.script !== undefined) return [];
  return entry.build.include.filter((pattern) => !files.some((file) => matchesGlob(pattern, file.path)));
}

async function gatherSecrets(
  { secrets }: EnvironmentPorts,
  platform: Platform,
  environment: Environment,
): Promise<Record<string, string>> {
  const fromServices = Object.values(platform.services).flatMap((service) =>
    Object.values(service.secrets).map((reference) => reference.secret),
  );
  const names = [...fromServices, ...Object.keys(environment.databases).map(databaseUrlSecret)];
  const versions = await Promise.all(
    [...new Set(names)].map(async (name) => [name, await secrets.latestVersion(name)] as const),
  );
  return Object.fromEntries(versions.flatMap(([name, version]) => (version === undefined ? [] : [[name, version]])));
}

async function gatherAddresses({ services }: EnvironmentPorts, platform: Platform): Promise<Record<string, string>> {
  const names = Object.values(platform.services).filter((service) => service.role !== "job");
  return Object.fromEntries(
    await Promise.all(names.map(async ({ name }) => [name, await services.address(name)] as const)),
  );
}

async function gatherJobs({ services }: EnvironmentPorts, platform: Platform): Promise<PlanInput["jobs"]> {
  const jobs = Object.values(platform.services).filter((service) => service.role === "job");
  const observed = await Promise.all(jobs.map(async ({ name }) => [name, await services.observedJob(name)] as const));
  return Object.fromEntries(observed.flatMap(([name, job]) => (job === undefined ? [] : [[name, job]])));
}

async function gatherLedgers(
  { databases }: EnvironmentPorts,
  platform: Platform,
  environment: Environment,
  manifest: Manifest,
): Promise<PlanInput["ledgers"]> {
  const names = Object.keys(manifest.migrations)
    .flatMap((module) => platform.modules[module]?.migrations?.database ?? [])
    .filter((database) => environment.databases[database] !== undefined);
  const ledgers = await Promise.all(
    [...new Set(names)].map(async (name) => [name, await databases.ledger(name)] as const),
  );
  return Object.fromEntries(ledgers);
}
