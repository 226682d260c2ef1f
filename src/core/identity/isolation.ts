import { decideAccess, type GrantBook } from "./decide-access.ts";
import { IDENTITY_NAMES, rightsOf } from "./grants.ts";

/** A right that an identity has in an environment that is not its own. There must be none. */
export interface Leak {
  readonly email: string;
  readonly environment: string;
  readonly permission: string;
  readonly resource: string;
}

/**
 * Judges every identity of the environment on every right that the identities of all others have, where those have it.
 * The finding is for people and for tests: what is not granted is denied anyway.
 */
export function leaksOf(
  book: GrantBook,
  environment: string,
): { readonly checked: number; readonly leaks: readonly Leak[] } {
  const own = book.environments.find(({ name }) => name === environment);
  const rights = rightsOf(book.grants.filter((grant) => grant.environment !== environment));
  const judged = IDENTITY_NAMES.flatMap((identity) => {
    const email = own?.identities[identity];
    if (email === undefined) return [];
    return rights.map((right) => ({
      leak: { email, environment, ...right },
      ...decideAccess({ kind: "account", email }, { kind: "right", ...right }, book),
    }));
  });
  return { checked: judged.length, leaks: judged.filter(({ allowed }) => allowed).map(({ leak }) => leak) };
}
