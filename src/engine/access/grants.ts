/**
 * The grants of all environments: what the platform file says, what the platforms of releases say that are further than
 * the umbrella's folder, and what people have added. Data, read again whenever it may have changed.
 */
import type { GrantBook } from "../../core/identity/decide-access.ts";
import {
  emailsOf,
  type Grant,
  grantsOf,
  type IdentityName,
  type SecretUse,
  secretUses,
} from "../../core/identity/grants.ts";
import type { Role } from "../../core/identity/roles.ts";
import { type Environment, type Platform, serviceAccount } from "../../core/platform/platform.ts";
import { canonicalJson } from "../../core/values/digest.ts";
import type { Documents } from "../../ports/documents.ts";

/** Secrets that the last plan of an environment needed, by environment. */
const USES = "identity-secret-uses";
/** Grants that people have added, by environment. */
const ADDED = "identity-grants";
/** A plan that is made at the same time may write first. */
const MAX_TRIES = 5;

/** A grant that a person has added. */
export interface AddedGrant {
  readonly identity: IdentityName;
  readonly role: Role;
  /** Within the environment's project. */
  readonly resource: string;
  /** The person. */
  readonly by: string;
}

/** Where grants come from. */
export interface Grants {
  book(): Promise<GrantBook>;
  /**
   * Takes over which secrets a platform needs in an environment: a release is of a commit, which may be further than the
   * umbrella's folder. Nothing else of it counts, so that no commit gives an identity more than secrets of its own project.
   */
  adopt(platform: Platform, environment: Environment): Promise<void>;
  /** Replaces what people have added, all at once. */
  change(environment: string, change: (now: readonly AddedGrant[]) => readonly AddedGrant[]): Promise<void>;
}

/** Grants over the platform file; `platform` is undefined while there is none that can be read. */
export function createGrants(options: {
  readonly platform: () => Promise<Platform | undefined>;
  readonly documents: Documents;
}): Grants {
  const { documents } = options;
  const added = async (environment: string) =>
    (await documents.get<readonly AddedGrant[]>(ADDED, environment))?.value ?? [];
  let known: { readonly platform: Platform | undefined; readonly book: Promise<GrantBook> } | undefined;
  const change = async <T>(collection: string, environment: string, next: (now: T | undefined) => T) => {
    await replaced(documents, collection, environment, next);
    known = undefined;
  };
  const read = async (platform: Platform | undefined): Promise<GrantBook> => {
    const environments = Object.values(platform?.environments ?? {});
    const grants = await Promise.all(
      environments.map(async (environment) => {
        if (platform === undefined) return [];
        const adopted = await documents.get<readonly SecretUse[]>(USES, environment.name);
        const uses = [...secretUses(platform, environment), ...(adopted?.value ?? [])];
        const own = (await added(environment.name)).map((each) => grantOf(environment, each));
        return [...grantsOf(platform, environment, uses), ...own];
      }),
    );
    return {
      environments: environments.map((each) => ({
        name: each.name,
        project: each.project,
        identities: emailsOf(each),
      })),
      grants: grants.flat(),
    };
  };
  return {
    async book() {
      const platform = await options.platform();
      // Who gives platforms gives the same one until its file has changed.
      if (known !== undefined && known.platform === platform) return known.book;
      const reading = { platform, book: read(platform) };
      known = reading;
      try {
        return await reading.book;
      } catch (cause) {
        // The next call reads again: a database that was away for a moment takes nobody's rights for good.
        if (known === reading) known = undefined;
        throw cause;
      }
    },
    async adopt(platform, environment) {
      const uses = secretUses(platform, environment);
      await change<readonly SecretUse[]>(USES, environment.name, () => uses);
    },
    change: (environment, next) => change<readonly AddedGrant[]>(ADDED, environment, (now) => next(now ?? [])),
  };
}

async function replaced<T>(
  documents: Documents,
  collection: string,
  key: string,
  change: (now: T | undefined) => T,
): Promise<void> {
  for (let count = 0; count < MAX_TRIES; count += 1) {
    const now = await documents.get<T>(collection, key);
    const next = change(now?.value);
    if (now !== undefined && canonicalJson(now.value) === canonicalJson(next)) return;
    if ((await documents.put(collection, key, next, now?.version ?? 0)).ok) return;
  }
  throw new Error(`${collection}/${key} is being changed all the time`);
}

function grantOf(environment: Environment, { identity, role, resource, by }: AddedGrant): Grant {
  const member = serviceAccount(environment, identity);
  return { identity, environment: environment.name, member, role, resource, because: `granted by ${by}` };
}
