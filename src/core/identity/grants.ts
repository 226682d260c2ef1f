/**
 * Who may do what: the four identities of an environment, and the roles that its platform file gives each of them. This
 * table is the only place that says so. Least privilege as reference for it: `docs/operating/identities.md`.
 */
import { databaseUrlSecret } from "../plan/intended-service.ts";
import { type Environment, type Platform, serviceAccount } from "../platform/platform.ts";
import { type Permission, permissionsOf, type Role } from "./roles.ts";

/** What an environment calls its identities. */
export type IdentityName = keyof Environment["identities"];

/** All of them, in the order in which a release needs them. */
export const IDENTITY_NAMES: readonly IdentityName[] = ["build", "deploy", "migrate", "runtime"];

/** The e-mails of an environment's identities. */
export function emailsOf(environment: Environment): Readonly<Record<IdentityName, string>> {
  const email = (identity: IdentityName) => serviceAccount(environment, identity);
  return { build: email("build"), deploy: email("deploy"), migrate: email("migrate"), runtime: email("runtime") };
}

/** Reasons of one grant that are named. */
const MAX_REASONS = 5;

/** A role on a resource and on all beneath it. */
export interface Grant {
  readonly identity: IdentityName;
  readonly environment: string;
  /** E-mail of the service account. */
  readonly member: string;
  readonly role: Role;
  readonly resource: string;
  /** Why it is there, for people. */
  readonly because: string;
}

/** A secret that an identity needs, and what for. */
export interface SecretUse {
  readonly secret: string;
  readonly identity: IdentityName;
  readonly role: Extract<Role, `roles/secretmanager.${string}`>;
  readonly because: string;
}

/** What the platform file says about who reads which secret in the environment. A build reads none by itself. */
export function secretUses(platform: Platform, environment: Environment): readonly SecretUse[] {
  const reads = (identity: IdentityName, secret: string, because: string): SecretUse => ({
    secret,
    identity,
    role: "roles/secretmanager.secretAccessor",
    because,
  });
  const declared = Object.values(platform.services).flatMap((service) =>
    Object.values(service.secrets).map(({ secret }) => reads("runtime", secret, `service ${service.name}`)),
  );
  const databases = Object.values(environment.databases).flatMap(({ name, passwordSecret }): SecretUse[] => {
    const url = databaseUrlSecret(name);
    return [
      reads("migrate", passwordSecret, `password of database ${name}`),
      reads("runtime", passwordSecret, `password of database ${name}`),
      { ...reads("migrate", url, `keeps the address of database ${name}`), role: "roles/secretmanager.admin" },
      reads("runtime", url, `address of database ${name}`),
    ];
  });
  return [...declared, ...databases];
}

/** The roles that an environment's identities have by its platform file, and the secrets in use. */
export function grantsOf(platform: Platform, environment: Environment, uses: readonly SecretUse[]): readonly Grant[] {
  const { project, registry } = environment;
  const whole = `projects/${project}`;
  const account = (of: IdentityName) => `${whole}/serviceAccounts/${serviceAccount(environment, of)}`;
  const instances = sqlInstances(platform).map((name) => `${whole}/instances/${name}`);
  const images = `${whole}/repositories/${registry}`;
  const sources = `${whole}/buckets/${project}_cloudbuild`;
  const give = (identity: IdentityName, role: Role, resource: string, because: string): Grant => ({
    identity,
    environment: environment.name,
    member: serviceAccount(environment, identity),
    role,
    resource,
    because,
  });
  const sql = (identity: IdentityName) =>
    instances.map((instance) => give(identity, "roles/cloudsql.client", instance, "its databases"));
  return [
    give("build", "roles/artifactregistry.writer", images, "pushes the images that it builds"),
    give("build", "roles/storage.objectViewer", sources, "reads its source"),
    give("build", "roles/logging.logWriter", whole, "writes its log"),
    ...sql("build"),
    give("deploy", "roles/run.developer", whole, "makes revisions and moves traffic"),
    give("deploy", "roles/iam.serviceAccountUser", account("runtime"), "services run as it"),
    give("deploy", "roles/cloudbuild.builds.editor", whole, "submits the build of a release"),
    give("deploy", "roles/iam.serviceAccountUser", account("build"), "builds run as it"),
    give("deploy", "roles/artifactregistry.reader", whole, "reads what it deploys"),
    give("deploy", "roles/storage.bucketViewer", whole, "finds the bucket of sources"),
    give("deploy", "roles/storage.admin", sources, "uploads sources of builds"),
    give("deploy", "roles/logging.viewer", whole, "reads the logs of builds"),
    give("deploy", "roles/monitoring.viewer", whole, "reads how its services answer"),
    give("deploy", "roles/secretmanager.viewer", whole, "sees which secrets there are, not their values"),
    give("deploy", "roles/serviceusage.serviceUsageAdmin", whole, "scripts switch on the APIs that they use"),
    give("deploy", "roles/browser", whole, "scripts ask for the project's number"),
    ...sql("migrate"),
    give("migrate", "roles/secretmanager.viewer", whole, "pins the versions that a plan names"),
    ...sql("runtime"),
    give("runtime", "roles/artifactregistry.reader", images, "its instances start from images"),
    ...readable(uses).map(({ secret, identity, role, because }) =>
      give(identity, role, `${whole}/secrets/${secret}`, because),
    ),
  ];
}

/** Every right of an identity with the resource it is for, each once. */
export function rightsOf(
  grants: readonly Grant[],
): readonly { readonly permission: Permission; readonly resource: string }[] {
  const all = grants.flatMap(({ role, resource }) =>
    permissionsOf(role).map((permission) => ({ permission, resource })),
  );
  return [...new Map(all.map((right) => [`${right.permission} ${right.resource}`, right])).values()];
}

/** The instances that services name; an environment without any has one, which holds its databases. */
function sqlInstances(platform: Platform): readonly string[] {
  const named = Object.values(platform.services).flatMap(({ run }) => run.cloudsqlInstances);
  return named.length === 0 ? ["main"] : [...new Set(named)].sort();
}

/** One use for each secret and role of an identity, with what it is for. */
function readable(uses: readonly SecretUse[]): readonly SecretUse[] {
  const byKey = new Map<string, { readonly use: SecretUse; readonly reasons: Set<string> }>();
  for (const use of uses) {
    const key = `${use.identity}/${use.role}/${use.secret}`;
    const known = byKey.get(key) ?? { use, reasons: new Set() };
    byKey.set(key, known);
    known.reasons.add(use.because);
  }
  return [...byKey.values()].map(({ use, reasons }) => ({ ...use, because: listed([...reasons]) }));
}

/** A secret of a large platform may be in use everywhere: people want to see whose it is, not all of it. */
function listed(reasons: readonly string[]): string {
  const more = reasons.length - MAX_REASONS;
  return `${reasons.slice(0, MAX_REASONS).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
