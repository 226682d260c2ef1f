import type { Instant } from "../core/values/time.ts";

/**
 * The people of an installation besides its owner, who comes with the token file. Each has roles and one token, of which
 * only a digest is kept.
 */
export interface People {
  /** Roles that the person has now, such as `approver`; none for somebody unknown. */
  rolesOf(name: string): Promise<readonly string[]>;
  /** Adds a person, or gives one other roles and a new token in place of the old. The token is shown this once. */
  admit(person: { readonly name: string; readonly roles: readonly string[] }): Promise<AdmittedPerson>;
  /** False where there was nobody of that name. The token is worth nothing from now on. */
  dismiss(name: string): Promise<boolean>;
  list(): Promise<readonly KnownPerson[]>;
}

export interface KnownPerson {
  readonly name: string;
  readonly roles: readonly string[];
  /** The token's last four characters, by which people tell theirs from another. */
  readonly tokenEnd: string;
  readonly expiresAt: Instant;
}

export interface AdmittedPerson extends KnownPerson {
  readonly token: string;
}
