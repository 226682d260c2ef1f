import { artifactOf, type Environment, type Service } from "../platform/platform.ts";
import { assert, present } from "../values/assert.ts";
import type { Checked } from "../values/checked.ts";
import { type Digest, digestOfValue } from "../values/digest.ts";
import type { Problem } from "../values/problem.ts";
import { differences } from "./compare-service.ts";
import { foreignValues } from "./foreign-values.ts";
import { intendedEnv, intendedService, type Missing, type Wiring } from "./intended-service.ts";
import { jobDigest } from "./observed.ts";
import type { Plan, PlanActions, PlannedBuild, PlannedService, Precondition } from "./plan.ts";
import { planConnections } from "./plan-connections.ts";
import type { PlanInput } from "./plan-input.ts";
import { planMigrations, unnamedMigrations } from "./plan-migrations.ts";
import {
  imageBuildUnsupported,
  imageMissing,
  imageNotFromCommit,
  imageNotPinned,
  overrideMissing,
  secretMissing,
  sourceFileMissing,
  variableUndeclared,
} from "./problems.ts";

/**
 * Says what a release of the manifest would change and why. Pure: the same input gives the same plan with the same
 * digest. Every problem is found at once; with any there is no plan. What the manifest does not name stays as it is.
 */
export function planRelease(input: PlanInput): Checked<Plan> {
  const builds = planBuilds(input);
  const migrations = planMigrations(input);
  const services = planServices(input, builds.planned);
  const connections = planConnections(input, services.planned, migrations.planned);
  const problems = [
    ...input.problems,
    ...builds.problems,
    ...migrations.problems,
    ...services.problems,
    ...connections.errors,
  ];
  const [first, ...rest] = problems;
  if (first !== undefined) return { ok: false, problems: [first, ...rest] };
  const { manifest, environment } = input;
  const actions: PlanActions = {
    commits: plannedCommits(input),
    builds: builds.planned,
    migrations: migrations.planned,
    services: services.planned,
    flags: Object.entries(manifest.featureFlags).map(([name, { value }]) => ({ name, value })),
    overrides: Object.entries(manifest.envOverrides).map(([name, { value }]) => ({ name, value })),
    ...plannedCanary(environment, services.planned),
  };
  const preconditions = [...servingPreconditions(input, services.planned), ...ledgerPreconditions(input)];
  const covered = {
    environment: environment.name,
    project: environment.project,
    actions: { ...actions, commits: actions.commits.filter(({ module }) => hasOwnRepository(input, module)) },
    preconditions,
  };
  return {
    ok: true,
    warnings: connections.warnings,
    value: {
      digest: digestOfValue(covered),
      environment: environment.name,
      project: environment.project,
      region: environment.region,
      manifest: { file: manifest.file, releaseId: manifest.releaseId.value, digest: input.manifestDigest },
      actions,
      preconditions,
      informative: {
        rewrites: manifest.rewrites.map(({ from, to }) => ({ from, to })),
        notes: [...manifest.notes, ...strayServices(input)],
        connections: connections.planned,
        unnamedMigrations: unnamedMigrations(input),
      },
    },
  };
}

/**
 * What lives in the umbrella has a new commit with every manifest and every record that is written there. Its build keys say
 * what it is; a plan is not another one because somebody committed beside it.
 */
function hasOwnRepository({ platform }: PlanInput, module: string): boolean {
  return platform.modules[module]?.source.kind !== "umbrella";
}

function plannedCommits(input: PlanInput): PlanActions["commits"] {
  return Object.entries(input.commits).map(([module, { ref, repository, path, commit }]) => {
    const from = input.released[module];
    return { module, repository, path, ref, commit, ...(from === undefined ? {} : { from }) };
  });
}

/** A share of the requests can be given to a candidate only beside a revision that serves. */
function plannedCanary({ policies }: Environment, services: readonly PlannedService[]): Pick<PlanActions, "canary"> {
  const isShared = (name: string) =>
    services.some(({ service, role, change }) => service === name && role === "api" && change === "update");
  const [first, ...others] = policies.canary?.services.filter(isShared) ?? [];
  if (policies.canary === undefined || first === undefined) return {};
  return { canary: { ...policies.canary, services: [first, ...others] } };
}

function planBuilds(input: PlanInput): { planned: PlannedBuild[]; problems: Problem[] } {
  const { platform, manifest, environment } = input;
  const planned: PlannedBuild[] = [];
  const problems: Problem[] = [];
  for (const [name, artifact] of Object.entries(input.artifacts)) {
    const entry = artifactOf(platform, name);
    const imageKeys = Object.keys(platform.images).filter((key) => artifactOf(platform, key).name === name);
    const named = imageKeys.find((key) => manifest.images[key]?.value.digest !== undefined);
    const where = named === undefined ? undefined : manifest.images[named]?.where;
    const repository = `${environment.registry}/${entry.repository}`;
    for (const file of artifact.missing) problems.push(sourceFileMissing(name, file, entry.module));
    const { pinned } = artifact;
    if (pinned !== undefined && !pinned.exists) {
      problems.push(imageMissing(named ?? name, `${repository}@${pinned.digest}`, where));
    } else if (pinned?.key !== undefined && pinned.key !== artifact.key) {
      problems.push(imageNotFromCommit(named ?? name, entry.module, where));
    }
    const { promoteFrom } = environment.policies;
    if (promoteFrom !== undefined && pinned === undefined) {
      const key = imageKeys.find((candidate) => manifest.images[candidate] !== undefined) ?? name;
      problems.push(imageNotPinned(key, environment.name, promoteFrom, manifest.images[key]?.where));
      continue;
    }
    const digest = pinned?.digest ?? artifact.present;
    if (digest === undefined && entry.build.kind === "dockerfile") problems.push(imageBuildUnsupported(name));
    planned.push({
      key: artifact.key,
      image: name,
      imageKeys,
      module: entry.module,
      repository,
      tags: [...new Set(imageKeys.flatMap((key) => manifest.images[key]?.value.tag ?? []))],
      state: digest === undefined ? { kind: "to-build" } : { kind: "present", digest },
    });
  }
  return { planned, problems };
}

function planServices(
  input: PlanInput,
  builds: readonly PlannedBuild[],
): { planned: PlannedService[]; problems: Problem[] } {
  const planned: PlannedService[] = [];
  const problems: Problem[] = [];
  const wiring = wiringOf(input);
  for (const service of Object.values(input.platform.services)) {
    const artifact = artifactOf(input.platform, service.image);
    const build = builds.find((candidate) => candidate.image === artifact.name);
    if (build === undefined) continue; // its module is not named, so it stays as it is
    const { env, missing } = intendedEnv(service, wiring);
    problems.push(...missing.map((what) => missingProblem(service, what, input)));
    const digest = build.state.kind === "present" ? build.state.digest : undefined;
    const intended = intendedService({
      platform: input.platform,
      environment: input.environment,
      service,
      image: { buildKey: build.key, repository: build.repository, ...(digest === undefined ? {} : { digest }) },
      env,
    });
    problems.push(...foreignValues(input, service, intended), ...undeclaredVariables(input, service, intended.env));
    planned.push(plannedService(input, service, artifact.module, intended));
  }
  return { planned, problems };
}

/** What expressions in this plan's platform file refer to. */
function wiringOf(input: PlanInput): Wiring {
  const { manifest, platform } = input;
  const given = Object.entries(manifest.featureFlags).map(([name, { value }]) => [name, value] as const);
  const unset = Object.keys(platform.flags).map((name) => [name, false] as const);
  return {
    addresses: input.addresses,
    overrides: Object.fromEntries(Object.entries(manifest.envOverrides).map(([name, { value }]) => [name, value])),
    // A flag that the manifest does not name is off: features are switched on in writing.
    flags: Object.fromEntries([...unset, ...given]),
    secretVersions: input.secretVersions,
  };
}

function plannedService(
  input: PlanInput,
  service: Service,
  module: string,
  intended: PlannedService["intended"],
): PlannedService {
  const shared = { service: service.name, role: service.role, module, intended };
  if (service.role === "job") {
    const live = input.jobs[service.name];
    const reasons = live === undefined ? ["first release"] : differences(intended, live);
    return { ...shared, change: changeOf(live !== undefined, reasons), reasons };
  }
  const observed = input.services[service.name];
  const live = observed?.serving;
  const reasons = live === undefined ? ["first release"] : [...differences(intended, live.template)];
  const split = (observed?.traffic ?? []).filter((entry) => entry.percent > 0);
  // Two revisions with traffic are nobody's intention: a release ends with one.
  if (split.length > 1) reasons.push(`traffic is split over ${split.map((entry) => entry.revision).join(", ")}`);
  const change = changeOf(live !== undefined, reasons);
  if (live === undefined) return { ...shared, change, reasons };
  const serving = { revision: live.name, ...(live.digest === undefined ? {} : { digest: live.digest }) };
  return { ...shared, change, reasons, serving };
}

function changeOf(isLive: boolean, reasons: readonly string[]): PlannedService["change"] {
  if (!isLive) return "create";
  return reasons.length === 0 ? "unchanged" : "update";
}

function missingProblem(service: Service, what: Missing, input: PlanInput): Problem {
  if (what.kind === "secret") return secretMissing(what.name, service.name, what.variable, input.environment);
  // Addresses are gathered for every service, flags have a default, and the platform file's parser proves expressions.
  assert(what.kind === "override", `${service.name}.${what.variable}: ${what.kind} ${what.name} is unknown`);
  return overrideMissing(what.name, service.name, what.variable);
}

/** A revision that this product made: its name says so, and its variables were all declared once. */
function isOurs(service: string, revision: string): boolean {
  return revision.startsWith(`${service}-rel`) && /^rel\d+-\d+$/.test(revision.slice(service.length + 1));
}

function undeclaredVariables(
  input: PlanInput,
  service: Service,
  intended: PlannedService["intended"]["env"],
): readonly Problem[] {
  const live = input.services[service.name]?.serving;
  if (live === undefined || isOurs(service.name, live.name)) return [];
  return Object.keys(live.template.env)
    .filter((name) => intended[name] === undefined && !input.dropped.includes(`${service.name}.${name}`))
    .map((name) => variableUndeclared(service.name, name));
}

function servingPreconditions(input: PlanInput, services: readonly PlannedService[]): readonly Precondition[] {
  return services
    .filter((service) => service.change !== "unchanged")
    .map(({ service, role, serving }) =>
      role === "job"
        ? { kind: "job", job: service, digest: jobDigest(input.jobs[service]) }
        : { kind: "serving-revision", service, revision: serving?.revision ?? "none" },
    );
}

function ledgerPreconditions(input: PlanInput): readonly Precondition[] {
  const databases = Object.keys(input.manifest.migrations).flatMap(
    (module) => input.platform.modules[module]?.migrations?.database ?? [],
  );
  return [...new Set(databases)].sort().map((database) => {
    const rows = present(input.ledgers[database], `ledger of ${database}`);
    return { kind: "ledger", database, applied: rows.filter((row) => row.state === "applied").length };
  });
}

function strayServices(input: PlanInput): readonly string[] {
  return Object.keys(input.services)
    .filter((name) => input.platform.services[name] === undefined)
    .map((name) => `Service ${name} is live and not in mobius.yaml: left alone.`);
}

/** The digest that a plan gives an artifact once its build key is resolved. */
export function resolvedDigest(
  plan: Plan,
  key: Digest,
  resolved: Readonly<Record<string, Digest>>,
): Digest | undefined {
  const build = plan.actions.builds.find((candidate) => candidate.key === key);
  return build?.state.kind === "present" ? build.state.digest : resolved[key];
}
