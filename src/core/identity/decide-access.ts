/** Whether an identity has a right: deny by default, by the grants given. Pure; `decideAccess` is the whole rule. */
import type { Grant, IdentityName } from "./grants.ts";
import { accountResource, isWithin, projectOf } from "./resource-name.ts";
import { isWrite, type Permission, permissionsOf } from "./roles.ts";

/** An environment as far as it says who is who. */
export interface KnownEnvironment {
  readonly name: string;
  readonly project: string;
  /** E-mails. */
  readonly identities: Readonly<Record<IdentityName, string>>;
}

/** All environments and what their identities may do. */
export interface GrantBook {
  readonly environments: readonly KnownEnvironment[];
  readonly grants: readonly Grant[];
}

/** A right on a resource. */
export interface Right {
  readonly kind: "right";
  readonly permission: Permission;
  readonly resource: string;
  /** What a record says instead, where the request's query or body has named the resource. */
  readonly recorded?: string;
  /** What a refusal names instead: Google names the place in which something would be made. */
  readonly refusedOn?: string;
}

/** The right to let a build or a service of a project run as an account. */
export interface ActAs {
  readonly kind: "act-as";
  /** E-mail or full name; empty for the one that the project's builds or services run as unless told otherwise. */
  readonly account: string;
  readonly by: "build" | "service";
  readonly project: string;
}

/** What a call needs. */
export type Need = Right | ActAs;

/** Who asks: a person at the machine has all rights, everybody else those of an e-mail. */
export type Principal =
  | { readonly kind: "person" }
  | {
      readonly kind: "account";
      readonly email: string;
      /** Services and jobs outside of these it may look at and not change; all are in where it is absent. */
      readonly services?: readonly string[];
    };

export type AccessDecision =
  | { readonly allowed: true; readonly reason: string }
  | { readonly allowed: false; readonly permission: Permission; readonly resource: string; readonly reason: string };

/** Judges one need. */
export function decideAccess(principal: Principal, need: Need, book: GrantBook): AccessDecision {
  if (need.kind === "right") return decideRight(principal, need, book);
  const account = need.account === "" ? defaultAccount(book, need.project, need.by) : need.account;
  // A project of no environment has no account of its own that could be meant.
  if (account === undefined) return decideRight(principal, actAs(`projects/${need.project}`), book);
  const resource = accountResource(account, need.project);
  const refused = unusable(resource, need, book);
  if (refused !== undefined) return { allowed: false, ...actAs(resource), reason: refused };
  return decideRight(principal, actAs(resource), book);
}

/** The account of a project's builds or services where none is named; undefined for a project of no environment. */
export function defaultAccount(book: GrantBook, project: string, by: "build" | "service"): string | undefined {
  const environment = book.environments.find((each) => each.project === project);
  return environment?.identities[by === "build" ? "build" : "runtime"];
}

function actAs(resource: string) {
  return { permission: "iam.serviceAccounts.actAs", resource } as const;
}

/** Accounts that nobody's build or service runs as, a person's neither. */
function unusable(resource: string, need: ActAs, book: GrantBook): string | undefined {
  const { project, by } = need;
  if (projectOf(resource) !== project)
    return `A ${by} of project ${project} runs as an account of its own project only.`;
  const email = resource.slice(resource.lastIndexOf("/") + 1);
  const identities = book.environments.find((each) => each.project === project)?.identities;
  if (email !== identities?.deploy && email !== identities?.migrate) return undefined;
  return `The deploy and the migrate identity are used by the server alone: no ${by} runs as one of them.`;
}

function decideRight(
  principal: Principal,
  { permission, resource }: { readonly permission: Permission; readonly resource: string },
  { grants, environments }: GrantBook,
): AccessDecision {
  if (principal.kind === "person") return { allowed: true, reason: "A person at this machine has all rights." };
  const { email, services } = principal;
  if (services !== undefined && isForeignChange(permission, resource, services)) {
    const reason = `The token is a module's script's: it changes ${services.join(", ")} and nothing else.`;
    return { allowed: false, permission, resource, reason };
  }
  const own = grants.filter(({ member }) => member === email);
  const having = own.filter(({ role }) => permissionsOf(role).some((held) => held === permission));
  const grant = having.find((each) => isWithin(resource, each.resource));
  if (grant !== undefined) return { allowed: true, reason: `${grant.role} on ${grant.resource}: ${grant.because}.` };
  const isKnown = environments.some(({ identities }) => Object.values(identities).includes(email));
  return { allowed: false, permission, resource, reason: whyNot({ isKnown, email, permission, having }) };
}

/** Whether something would be changed that is none of the services, or not to be told from others. */
function isForeignChange(permission: Permission, resource: string, services: readonly string[]): boolean {
  // Scripts switch on the APIs that they use, which are on here.
  if (!isWrite(permission) || permission === "serviceusage.services.enable") return false;
  return !services.some((name) =>
    [`services/${name}`, `jobs/${name}`].some((own) => `${resource}/`.includes(`/${own}/`)),
  );
}

function whyNot(about: {
  readonly isKnown: boolean;
  readonly email: string;
  readonly permission: Permission;
  readonly having: readonly Grant[];
}): string {
  const { isKnown, email, permission, having } = about;
  const [first] = having;
  if (first === undefined) {
    return isKnown ? `No role of ${email} has ${permission}.` : `${email} is no identity of an environment.`;
  }
  const others = having.length > 1 ? ` and ${having.length - 1} more` : "";
  return `${email} has ${permission} on ${first.resource}${others} only.`;
}
