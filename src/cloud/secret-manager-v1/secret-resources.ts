import { createHash } from "node:crypto";
import type { Sealed } from "./seal.ts";

/** Which secret, in Google's terms. */
export interface SecretName {
  readonly project: string;
  readonly secret: string;
}

/** A version by its number, or `latest`: the newest one, whatever its state. */
export interface VersionName extends SecretName {
  readonly version: string;
}

export interface StoredSecret {
  readonly name: string;
  readonly createTime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export type VersionState = "ENABLED" | "DISABLED" | "DESTROYED";

export interface StoredVersion {
  readonly name: string;
  readonly createTime: string;
  readonly state: VersionState;
  readonly destroyTime?: string;
  /** Absent once the version is destroyed. */
  readonly sealed?: Sealed;
}

/** A page of a list, with where the next one begins. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/** What a request for a page says: how many, and where the page before ended. */
export interface PageAsked {
  readonly size: number;
  readonly token?: string;
}

/** An opaque tag that changes with what may change: labels, annotations and state, not the value. */
export function etagOf(value: StoredSecret | Omit<StoredVersion, "sealed">): string {
  return `"${createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16)}"`;
}

/** A secret's full resource name; the key of its document. */
export function secretResource({ project, secret }: SecretName): string {
  return `projects/${project}/secrets/${secret}`;
}

/** Cuts a page of what was found, of which there is one more than the page holds where another page follows. */
export function pageOf<T>(
  found: readonly { readonly key: string; readonly value: T }[],
  size: number,
  tokenOf: (key: string) => string,
): Page<T> {
  const items = found.slice(0, size).map(({ value }) => value);
  const last = found[size - 1];
  return found.length > size && last !== undefined ? { items, nextPageToken: tokenOf(last.key) } : { items };
}
