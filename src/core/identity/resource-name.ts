/** Names of resources in Google's form, `projects/P/…`: what a right is asked for on. Pure texts. */

const PARAMETER_RULE = /\(\^\[\^:\/\]\+\)/g;
const ACCOUNT = /^[a-z0-9][a-z0-9.-]*@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/;
/** What a name in the audit log is made of; everything else could carry what is none. */
const FOREIGN = /[^\w./@:%~-]/g;
const MAX_LENGTH = 300;

/**
 * The resource that a route is about: its pattern with the parameters of the request filled in, without version and verb.
 * The parent, where the path ends in a collection. A slash inside a parameter stays one name, so that no spelling of a
 * path leads out of a project.
 */
export function resourceOfRoute(pattern: string, params: Readonly<Record<string, string>>): string {
  const path = pattern
    .replace(PARAMETER_RULE, "")
    .replace(/::\w+$/, "")
    .replace(/^\/v[123]\//, "");
  const segments = path.split("/").map((segment) => {
    if (!segment.startsWith(":")) return segment;
    return (params[segment.slice(1)] ?? "").replaceAll("/", "%2F");
  });
  return segments.slice(0, segments.length - (segments.length % 2)).join("/");
}

/** The resource of a service account that is named by e-mail, or in full as builds name theirs. */
export function accountResource(account: string, project: string): string {
  const email = account.slice(account.lastIndexOf("/") + 1);
  const named = /^projects\/([^/]+)\/serviceAccounts\//.exec(account)?.[1];
  const owner = ACCOUNT.exec(email)?.[1] ?? (named === undefined || named === "-" ? project : named);
  return `projects/${owner}/serviceAccounts/${email}`;
}

/** The project that a resource is in; empty where it is in none. */
export function projectOf(resource: string): string {
  return /^projects\/([^/]+)/.exec(resource)?.[1] ?? "";
}

/** Whether the resource is the other one, or lies beneath it. */
export function isWithin(resource: string, whole: string): boolean {
  return resource === whole || resource.startsWith(`${whole}/`);
}

/** An account as it may stand in a record: one that the request's body names otherwise than accounts are is left out. */
export function recordedAccount(resource: string): string {
  const email = resource.slice(resource.lastIndexOf("/") + 1);
  return ACCOUNT.test(email)
    ? recordedName(resource)
    : `projects/${recordedName(projectOf(resource))}/serviceAccounts/?`;
}

/** A name as it may stand in a record: of limited length, and of the characters that names have. */
export function recordedName(name: string): string {
  return name.replace(FOREIGN, "?").slice(0, MAX_LENGTH);
}
