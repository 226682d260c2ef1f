/** What an environment's identities are and may do, for people: JSON, text and the document `docs/staging_iam_and_secrets.md`. */
import type { GrantBook } from "../identity/decide-access.ts";
import { type Grant, IDENTITY_NAMES, type IdentityName } from "../identity/grants.ts";
import { type Leak, leaksOf } from "../identity/isolation.ts";
import { permissionsOf, type Role } from "../identity/roles.ts";

export interface IdentityView {
  readonly identity: IdentityName;
  readonly email: string;
  readonly roles: readonly { readonly role: Role; readonly resource: string; readonly because: string }[];
  /** Secrets whose values it reads. */
  readonly secrets: readonly string[];
  /** Accounts as which it may let builds and services run. */
  readonly actsAs: readonly string[];
}

export interface IdentitiesView {
  readonly environment: string;
  readonly project: string;
  readonly identities: readonly IdentityView[];
  /** How the identities stand to all other environments: `leaks` must be empty. */
  readonly elsewhere: { readonly checked: number; readonly leaks: readonly Leak[] };
}

/** The view of one environment; undefined for one that the book lacks. */
export function identitiesView(book: GrantBook, name: string): IdentitiesView | undefined {
  const environment = book.environments.find((each) => each.name === name);
  if (environment === undefined) return undefined;
  const identities = IDENTITY_NAMES.map((identity): IdentityView => {
    const email = environment.identities[identity];
    const grants = book.grants.filter(({ member, environment: of }) => of === name && member === email);
    return {
      identity,
      email,
      roles: grants.map(({ role, resource, because }) => ({ role, resource, because })),
      secrets: namesOf(grants, "secretmanager.versions.access", "/secrets/"),
      actsAs: namesOf(grants, "iam.serviceAccounts.actAs", "/serviceAccounts/"),
    };
  });
  return { environment: name, project: environment.project, identities, elsewhere: leaksOf(book, name) };
}

/** For a terminal. */
export function identitiesText({ environment, project, identities, elsewhere }: IdentitiesView): string {
  const blocks = identities.map(({ identity, email, roles, secrets, actsAs }) =>
    [
      `${identity}  ${email}`,
      ...roles.filter(isGeneral).map(({ role, resource }) => `  ${role} on ${shortName(resource, project)}`),
      `  reads ${secrets.length === 0 ? "no secret" : `secrets ${secrets.join(", ")}`}`,
      `  acts as ${actsAs.length === 0 ? "nobody" : actsAs.join(", ")}`,
    ].join("\n"),
  );
  return [`${environment} (project ${project})`, ...blocks, elsewhereText(elsewhere)].join("\n\n");
}

/** As a document. The same grants give the same text. */
export function identitiesMarkdown({ environment, project, identities, elsewhere }: IdentitiesView): string {
  const sections = identities.map(({ identity, email, roles, secrets, actsAs }) => {
    const rows = roles.map(({ role, resource, because }) => `| \`${role}\` | \`${resource}\` | ${because} |`);
    return [
      `## ${identity}: \`${email}\``,
      ["| Role | On | Why |", "| --- | --- | --- |", ...rows].join("\n"),
      `Reads the secrets: ${listOf(secrets)}. Acts as: ${listOf(actsAs)}.`,
    ].join("\n\n");
  });
  const instances = identities.flatMap(({ roles }) => roles.filter(({ role }) => role === "roles/cloudsql.client"));
  const names = [...new Set(instances.map(({ resource }) => resource.slice(resource.lastIndexOf("/") + 1)))];
  return `${[
    `# IAM and secrets of ${environment}`,
    `Project \`${project}\`. Written by \`mobius identity list ${environment} --markdown\` from the platform file: change it there, not here. Everything that is not in these tables is denied.`,
    ...sections,
    "## Cloud SQL instances",
    `${listOf(names)}, by \`roles/cloudsql.client\` on each.`,
    "## Other environments",
    // Without the number, which changes with what others may do elsewhere.
    elsewhereText({ leaks: elsewhere.leaks }),
  ].join("\n\n")}\n`;
}

function elsewhereText({ checked, leaks }: Partial<IdentitiesView["elsewhere"]>): string {
  const counted = checked === undefined ? "" : ` (${checked} rights checked)`;
  if (leaks === undefined || leaks.length === 0)
    return `None of them may do anything in another environment${counted}.`;
  return leaks.map(({ email, permission, resource }) => `${email} may ${permission} on ${resource}!`).join("\n");
}

/** Roles on single secrets and accounts are told as what may be read and who may be acted as. */
function isGeneral({ role }: { readonly role: Role }): boolean {
  return role !== "roles/secretmanager.secretAccessor" && role !== "roles/iam.serviceAccountUser";
}

function namesOf(grants: readonly Grant[], permission: string, collection: string): readonly string[] {
  const having = grants.filter(({ role }) => permissionsOf(role).some((each) => each === permission));
  const names = having.map(({ resource }) => resource.split(collection)[1] ?? "all of the project");
  return [...new Set(names)].sort();
}

function shortName(resource: string, project: string): string {
  return resource === `projects/${project}` ? "the project" : resource.replace(`projects/${project}/`, "");
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((name) => `\`${name}\``).join(", ");
}
