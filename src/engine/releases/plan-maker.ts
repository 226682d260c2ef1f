import { parseBuildConfig } from "../../core/build/parse-build-config.ts";
import type { Manifest } from "../../core/manifest/manifest.ts";
import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import type { Plan } from "../../core/plan/plan.ts";
import { planRelease } from "../../core/plan/plan-release.ts";
import { parsePlatform } from "../../core/platform/parse-platform.ts";
import { type Environment, PLATFORM_FILE, type Platform } from "../../core/platform/platform.ts";
import type { Checked } from "../../core/values/checked.ts";
import type { CommitId } from "../../core/values/ids.ts";
import type { Problem } from "../../core/values/problem.ts";
import { buildConfigFile } from "./build-config-of.ts";
import { gatherPlanInput } from "./gather-plan-input.ts";
import { environmentMismatch, environmentUnknown, manifestNotFound, manifestNotPushed } from "./problems.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseStreams } from "./release-streams.ts";

export interface PlanRequest {
  readonly manifestPath: string;
  /** The texts of a working folder, for a plan that nobody can release; without them the commit's are read. */
  readonly manifestText?: string;
  readonly platformText?: string;
  readonly environment?: string;
  /** The environment's project, where a build asks that runs in one. */
  readonly project?: string;
  /** A commit, branch or tag of the umbrella; by default the head of its main branch. */
  readonly umbrellaRef?: string;
  readonly dropped?: readonly string[];
}

/** A plan with what it was made from. */
export interface MadePlan {
  readonly plan: Plan;
  readonly platform: Platform;
  readonly environment: Environment;
  readonly umbrellaCommit: CommitId;
}

/** Parses, gathers and plans. Changes nothing; every problem that can be found without the next step is found at once. */
export async function makePlan(
  ports: ReleasePorts,
  streams: ReleaseStreams,
  request: PlanRequest,
): Promise<Checked<MadePlan>> {
  const refreshed = await ports.source.refresh(ports.umbrella);
  const ref = request.umbrellaRef ?? "HEAD";
  const at = refreshed.ok ? await ports.source.resolve(ports.umbrella, ref) : refreshed;
  if (!at.ok) return refuse(manifestNotPushed(request.manifestPath, ref));
  const umbrellaCommit = at.value;
  const [platformText, manifestText] = await Promise.all([
    request.platformText ?? ports.source.readFile(ports.umbrella, umbrellaCommit, PLATFORM_FILE),
    request.manifestText ?? ports.source.readFile(ports.umbrella, umbrellaCommit, request.manifestPath),
  ]);
  const platform = parsePlatform(platformText ?? "", PLATFORM_FILE);
  if (!platform.ok) return platform;
  if (manifestText === undefined) return refuse(manifestNotFound(request.manifestPath, umbrellaCommit));
  const manifest = parseManifest({ text: manifestText, file: request.manifestPath, platform: platform.value });
  if (!manifest.ok) return manifest;
  const chosen = chooseEnvironment(platform.value, manifest.value, request.environment);
  if (!chosen.ok) return chosen;
  const environment = chosen.value;
  if (request.project !== undefined && request.project !== environment.project) {
    return refuse(environmentMismatch(request.project, environment.name, request.manifestPath));
  }
  const buildProblems = await checkBuildConfig(ports, environment, umbrellaCommit);
  const environmentPorts = await ports.environment(platform.value, environment);
  const input = await gatherPlanInput(ports, environmentPorts, {
    platform: platform.value,
    environment,
    manifest: manifest.value,
    manifestText,
    umbrellaCommit,
    released: releasedCommits(streams, environment.name),
    dropped: request.dropped ?? [],
  });
  const planned = planRelease({ ...input, problems: [...buildProblems, ...input.problems] });
  if (!planned.ok) return planned;
  const warnings = [...platform.warnings, ...manifest.warnings, ...planned.warnings];
  return { ok: true, warnings, value: { plan: planned.value, platform: platform.value, environment, umbrellaCommit } };
}

async function checkBuildConfig(
  ports: ReleasePorts,
  environment: Environment,
  commit: CommitId,
): Promise<readonly Problem[]> {
  const file = buildConfigFile(environment);
  const text = await ports.source.readFile(ports.umbrella, commit, file);
  if (text === undefined) return [];
  const parsed = parseBuildConfig(text, file);
  return parsed.ok ? [] : parsed.problems;
}

function chooseEnvironment(platform: Platform, manifest: Manifest, asked: string | undefined): Checked<Environment> {
  const name =
    Object.values(platform.environments).find((candidate) => candidate.aliases.names.includes(asked ?? ""))?.name ??
    asked;
  if (name !== undefined && platform.environments[name] === undefined) {
    return refuse(environmentUnknown(name, Object.keys(platform.environments)));
  }
  if (name !== undefined && name !== manifest.environment) {
    return refuse(environmentMismatch(name, manifest.environment, manifest.file));
  }
  const environment = platform.environments[manifest.environment];
  if (environment === undefined) {
    return refuse(environmentUnknown(manifest.environment, Object.keys(platform.environments)));
  }
  return { ok: true, value: environment, warnings: [] };
}

/** What the environment's newest successful release of each module had. */
function releasedCommits(streams: ReleaseStreams, environment: string): Record<string, CommitId> {
  const released: Record<string, CommitId> = {};
  for (const release of streams.all()) {
    const { stage, plan } = release;
    const isReleased = stage.name === "ended" && stage.outcome.kind === "succeeded";
    if (!isReleased || plan.environment !== environment) continue;
    for (const { module, commit } of plan.actions.commits) released[module] ??= commit;
  }
  return released;
}

function refuse(problem: Problem): { readonly ok: false; readonly problems: readonly [Problem] } {
  return { ok: false, problems: [problem] };
}
