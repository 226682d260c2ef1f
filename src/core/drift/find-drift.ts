import { releasedSet } from "../gates/released-set.ts";
import { fieldDifferences } from "../plan/compare-service.ts";
import { BASELINE, jobDigest, type ObservedService, type RevisionTemplate } from "../plan/observed.ts";
import { type IntendedService, type PlannedService, revisionName } from "../plan/plan.ts";
import { resolvedDigest } from "../plan/plan-release.ts";
import type { Release } from "../release/state.ts";
import type { ReleaseId } from "../values/ids.ts";
import type { Drift, LiveEnvironment, Reading } from "./drift.ts";

/** What releases left in an environment: the reference that the world is compared with. */
export interface Expected {
  /** Service or job → how its last release planned it, with the digest that came of its image. */
  readonly planned: Readonly<Record<string, PlannedService>>;
  readonly revisions: Readonly<Record<string, string>>;
  /** Service or job → the release that made it what it is, and with which template; none for one that was there before. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Database → identifiers that releases applied. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  readonly releases: readonly string[];
}

/** What a service's released revision, or a job, was made of. */
export interface Origin {
  readonly release: ReleaseId;
  /** Path of its manifest beneath the umbrella. */
  readonly manifest: string;
  readonly template: RevisionTemplate;
}

/** Nothing was released: there is nothing to differ from. */
export function expectedOf(releases: readonly Release[], environment: string): Expected | undefined {
  const own = releases.filter(({ plan }) => plan.environment === environment);
  const set = releasedSet(own, environment);
  if (set === undefined) return undefined;
  const planned: Record<string, PlannedService> = {};
  const origins: Record<string, Origin> = {};
  const migrations: Record<string, readonly string[]> = {};
  // Newest first: the first that names a service is the one that made it what it is.
  for (const release of own) {
    for (const { database, identifier } of release.appliedMigrations) {
      migrations[database] = [...(migrations[database] ?? []), identifier];
    }
    for (const service of release.plan.actions.services) {
      // By its name a revision says of which release it is: after a rollback that is not the last one that planned it.
      const isOrigin = set.revisions[service.service] === revisionName(service.service, release.id, 1);
      if (isOrigin) origins[service.service] = originOf(release, service);
    }
    if (!isServing(release)) continue;
    for (const service of release.plan.actions.services) {
      planned[service.service] ??= resolved(release, service);
      if (service.role === "job") origins[service.service] ??= originOf(release, service);
    }
  }
  return { planned, origins, revisions: set.revisions, migrations, releases: own.map(({ id }) => id) };
}

function isServing({ stage }: Release): boolean {
  return stage.name === "ended" && (stage.outcome.kind === "succeeded" || stage.outcome.kind === "failed");
}

function originOf(release: Release, service: PlannedService): Origin {
  return {
    release: release.id,
    manifest: release.plan.manifest.file,
    template: templateOf(resolved(release, service).intended),
  };
}

function resolved(release: Release, service: PlannedService): PlannedService {
  const { image } = service.intended;
  const digest = image.digest ?? resolvedDigest(release.plan, image.buildKey, release.images);
  if (digest === undefined) return service;
  return { ...service, intended: { ...service.intended, image: { ...image, digest } } };
}

/** Every way in which what is live differs from what was released, and what could not be looked at. */
export function findDrift(expected: Expected, live: LiveEnvironment): readonly Drift[] {
  return [
    ...serviceDrift(expected, live.services),
    ...jobDrift(expected, live.jobs),
    ...ledgerDrift(expected, live.ledgers),
    ...secretDrift(expected, live.secrets),
  ];
}

function serviceDrift(expected: Expected, services: Reading<readonly ObservedService[]>): readonly Drift[] {
  if (services.kind === "unreadable") return [unknown("services", "all", services.reason)];
  const observed = new Map(services.value.map((service) => [service.name, service]));
  const known = Object.entries(expected.revisions).flatMap(([name, revision]) => {
    const subject = `service ${name}`;
    const service = observed.get(name);
    if (service === undefined) return [differs(subject, "service", "there", "removed")];
    return oneService({ subject, revision, service, planned: expected.planned[name] });
  });
  const strays = services.value
    .filter(({ name }) => expected.planned[name] === undefined)
    .map(({ name }) => differs(`service ${name}`, "service", "not released", "live"));
  return [...known, ...strays];
}

function oneService({
  subject,
  revision,
  service,
  planned,
}: {
  readonly subject: string;
  readonly revision: string;
  readonly service: ObservedService;
  readonly planned: PlannedService | undefined;
}): readonly Drift[] {
  const traffic = service.traffic.filter(({ percent }) => percent > 0);
  const shown = traffic.map(({ revision: name, percent }) => `${percent} % ${name}`).join(", ") || "none";
  const isWhole = traffic.length === 1 && traffic[0]?.revision === revision;
  const moved = isWhole ? [] : [differs(subject, "traffic", `100 % ${revision}`, shown)];
  const { serving } = service;
  // A revision never changes: where the one that was released serves, its settings are what was released.
  if (serving === undefined || serving.name === revision || planned === undefined) return moved;
  const settings = fieldDifferences(planned.intended, serving.template).map(({ field, intended, live }) =>
    differs(subject, field, intended, live),
  );
  return [...moved, ...settings];
}

function jobDrift(expected: Expected, jobs: LiveEnvironment["jobs"]): readonly Drift[] {
  return Object.entries(jobs).flatMap(([name, reading]) => {
    const planned = expected.planned[name];
    const subject = `job ${name}`;
    if (planned === undefined) return [];
    if (reading.kind === "unreadable") return [unknown(subject, "template", reading.reason)];
    if (reading.value === undefined) return [differs(subject, "job", "there", "removed, or not ours")];
    if (jobDigest(reading.value) === jobDigest(templateOf(planned.intended))) return [];
    const fields = fieldDifferences(planned.intended, reading.value);
    return fields.map(({ field, intended, live }) => differs(subject, field, intended, live));
  });
}

function templateOf({ image, ...settings }: IntendedService) {
  return { ...settings, image: `${image.repository}@${image.digest ?? ""}` };
}

function ledgerDrift(expected: Expected, ledgers: LiveEnvironment["ledgers"]): readonly Drift[] {
  return Object.entries(ledgers).flatMap(([database, reading]): readonly Drift[] => {
    const subject = `database ${database}`;
    if (reading.kind === "unreadable") return [unknown(subject, "migration ledger", reading.reason)];
    const rows = reading.value;
    const gone = (expected.migrations[database] ?? [])
      .filter((identifier) => !rows.some((row) => row.identifier === identifier))
      .map((identifier) => differs(subject, `migration ${identifier}`, "applied", "not in the ledger"));
    const dirty = rows
      .filter(({ state }) => state === "started")
      .map(({ identifier }) => differs(subject, `migration ${identifier}`, "applied", "begun and not ended"));
    // What a person adopted was there before any release, and is nobody's drift.
    const known = [...expected.releases, BASELINE];
    const foreign = rows
      .filter(({ state, release }) => state === "applied" && !known.includes(release))
      .map(({ identifier, release }) => differs(subject, `migration ${identifier}`, "by a release", `by ${release}`));
    return [...gone, ...dirty, ...foreign];
  });
}

/** Services take the version that their release pinned: a newer one waits for the next release. */
function secretDrift({ planned }: Expected, secrets: LiveEnvironment["secrets"]): readonly Drift[] {
  return Object.entries(secrets).flatMap(([secret, reading]): readonly Drift[] => {
    const subject = `secret ${secret}`;
    if (reading.kind === "unreadable") return [unknown(subject, "version", reading.reason)];
    const newest = reading.value ?? "none";
    const pinned = Object.values(planned).flatMap(({ intended }) =>
      Object.values(intended.env).flatMap((value) =>
        value.kind === "secret" && value.secret === secret ? value.version : [],
      ),
    );
    const others = [...new Set(pinned)].filter((version) => version !== newest).sort();
    return others.map((version) => differs(subject, `version ${version}`, `version ${version}`, `version ${newest}`));
  });
}

function differs(subject: string, field: string, expected: string, observed: string): Drift {
  return { subject, field, expected, observed, kind: "differs" };
}

function unknown(subject: string, field: string, reason: string): Drift {
  return { subject, field, expected: "as released", observed: reason, kind: "unknown" };
}
