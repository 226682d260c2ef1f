import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Document, Documents } from "../../ports/documents.ts";
import { seal, unseal } from "./seal.ts";
import {
  type Page,
  type PageAsked,
  pageOf,
  type SecretName,
  type StoredVersion,
  secretResource,
  type VersionName,
  type VersionState,
} from "./secret-resources.ts";

/** What versions are kept with. `encryptionKey` has 32 bytes and never leaves the process. */
export interface VersionParts {
  readonly documents: Documents;
  readonly encryptionKey: Uint8Array;
  readonly clock: Clock;
}

export interface VersionPageAsked extends PageAsked {
  readonly state?: VersionState;
}

const VERSIONS = "secret-versions";
const MAX_VALUE_BYTES = 64 * 1024;
const MAX_VERSION = 999_999_999;
/** Writers that keep meeting each other give up after this many tries. */
const MAX_TRIES = 20;
/** How many versions are read at a time, and looked through for one page of a given state. */
const CHUNK = 50;
const MAX_LOOKED_THROUGH = 10_000;

/** Adds a version with the next number. The secret is known to be there. */
export async function addVersion(
  { documents, encryptionKey, clock }: VersionParts,
  name: SecretName,
  value: Uint8Array,
): Promise<Result<StoredVersion, Refusal>> {
  if (value.length > MAX_VALUE_BYTES) {
    return err(refusal("INVALID_ARGUMENT", "The secret payload is larger than 65536 bytes."));
  }
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const number = numberOf((await newest(documents, name))?.value) + 1;
    const resource = `${secretResource(name)}/versions/${number}`;
    const sealed = seal(value, { key: encryptionKey, name: resource });
    const version: StoredVersion = { name: resource, createTime: toIso(clock.now()), state: "ENABLED", sealed };
    // Another writer may have taken the number meanwhile: then the next one is ours.
    if ((await documents.put(VERSIONS, versionKey(name, number), version, 0)).ok) return ok(version);
  }
  return err(refusal("RESOURCE_EXHAUSTED", `Too many versions are being added to [${secretResource(name)}].`));
}

/** A version by its number, or the newest one as `latest`. */
export async function getVersion(
  { documents }: Pick<VersionParts, "documents">,
  name: VersionName,
): Promise<Result<StoredVersion, Refusal>> {
  const found = await find(documents, name);
  return found === undefined ? err(await versionMissing(documents, name)) : ok(found.value);
}

/** A version with its value, which only an enabled one has. */
export async function readVersion(
  { documents, encryptionKey }: VersionParts,
  name: VersionName,
): Promise<Result<{ readonly version: StoredVersion; readonly value: Uint8Array }, Refusal>> {
  const version = await getVersion({ documents }, name);
  if (!version.ok) return version;
  const { state, sealed, name: resource } = version.value;
  if (state !== "ENABLED" || sealed === undefined) {
    return err(refusal("FAILED_PRECONDITION", `Secret Version [${resource}] is in ${state} state.`));
  }
  return ok({ version: version.value, value: unseal(sealed, { key: encryptionKey, name: resource }) });
}

/** Enables, disables or destroys a version. */
export async function setVersionState(
  { documents, clock }: VersionParts,
  name: VersionName,
  state: VersionState,
): Promise<Result<StoredVersion, Refusal>> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = await find(documents, name);
    if (found === undefined) return err(await versionMissing(documents, name));
    const changed = withState(found.value, state, toIso(clock.now()));
    if (changed === undefined) {
      return err(refusal("FAILED_PRECONDITION", `Secret Version [${found.value.name}] is in DESTROYED state.`));
    }
    if ((await documents.put(VERSIONS, found.key, changed, found.version)).ok) return ok(changed);
  }
  return err(refusal("RESOURCE_EXHAUSTED", `Too many changes are being made to [${secretResource(name)}].`));
}

/**
 * Versions, newest first, without their sealed values. Read piece by piece, as a thousand values of 64 KiB are more than a page needs to hold.
 */
export async function listVersions(
  { documents }: Pick<VersionParts, "documents">,
  name: SecretName,
  asked: VersionPageAsked,
): Promise<Page<StoredVersion>> {
  const prefix = `${secretResource(name)}/`;
  const wanted: { readonly key: string; readonly value: StoredVersion }[] = [];
  let afterKey = asked.token === undefined ? undefined : prefix + asked.token;
  for (let looked = 0; looked < MAX_LOOKED_THROUGH && wanted.length <= asked.size; looked += CHUNK) {
    const found = await documents.list<StoredVersion>({
      collection: VERSIONS,
      prefix,
      limit: CHUNK,
      ...(afterKey === undefined ? {} : { afterKey }),
    });
    for (const { key, value } of found) {
      const { sealed: _, ...shown } = value;
      if (asked.state === undefined || value.state === asked.state) wanted.push({ key, value: shown });
    }
    if (found.length < CHUNK) break;
    afterKey = found.at(-1)?.key;
  }
  return pageOf(wanted, asked.size, (key) => key.slice(prefix.length));
}

async function newest(documents: Documents, name: SecretName): Promise<Document<StoredVersion> | undefined> {
  const prefix = `${secretResource(name)}/`;
  return (await documents.list<StoredVersion>({ collection: VERSIONS, prefix, limit: 1 }))[0];
}

async function find(documents: Documents, name: VersionName): Promise<Document<StoredVersion> | undefined> {
  if (name.version === "latest") return await newest(documents, name);
  if (!/^[1-9]\d{0,8}$/.test(name.version)) return undefined;
  return await documents.get<StoredVersion>(VERSIONS, versionKey(name, Number(name.version)));
}

/** Counts down, so that a list by key begins with the newest. */
function versionKey(name: SecretName, number: number): string {
  return `${secretResource(name)}/${String(MAX_VERSION - number).padStart(9, "0")}`;
}

function numberOf(version: StoredVersion | undefined): number {
  return version === undefined ? 0 : Number(version.name.split("/").at(-1));
}

async function versionMissing(documents: Documents, name: VersionName): Promise<Refusal> {
  const resource = secretResource(name);
  const isEmpty = (await newest(documents, name)) === undefined;
  if (isEmpty) return refusal("NOT_FOUND", `Secret [${resource}] not found or has no versions.`);
  return refusal("NOT_FOUND", `Secret Version [${resource}/versions/${name.version}] not found.`);
}

function withState(version: StoredVersion, state: VersionState, at: string): StoredVersion | undefined {
  const { name, createTime, sealed } = version;
  if (state === "DESTROYED") {
    return version.state === "DESTROYED" ? undefined : { name, createTime, state, destroyTime: at };
  }
  return sealed === undefined ? undefined : { name, createTime, state, sealed };
}
