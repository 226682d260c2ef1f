/**
 * Secret Manager v1 of the embedded cloud. `secret-store.ts` keeps secrets and their versions as documents, values
 * sealed; `secret-manager-v1.ts` is the REST face. Begin with `createSecretStore`.
 */
import { createHash } from "node:crypto";
import { err, ok, type Result } from "../../core/values/result.ts";
import { Secret } from "../../core/values/secret.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import { type Refusal, refusal } from "./google-error.ts";
import { type Sealed, seal, unseal } from "./seal.ts";

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

export interface SecretStore {
  create(name: SecretName, about: Pick<StoredSecret, "labels" | "annotations">): Promise<Result<StoredSecret, Refusal>>;
  get(name: SecretName): Promise<Result<StoredSecret, Refusal>>;
  list(project: string, page: { readonly size: number; readonly token?: string }): Promise<Page<StoredSecret>>;
  /** At most 64 KiB, as with Google. Versions count from 1. */
  addVersion(name: SecretName, value: Uint8Array): Promise<Result<StoredVersion, Refusal>>;
  getVersion(name: VersionName): Promise<Result<StoredVersion, Refusal>>;
  /** Newest first, without the sealed values. */
  listVersions(
    name: SecretName,
    page: { readonly size: number; readonly token?: string; readonly state?: VersionState },
  ): Promise<Result<Page<StoredVersion>, Refusal>>;
  /** Destroyed is for ever: the sealed value is removed with it. */
  setState(name: VersionName, state: VersionState): Promise<Result<StoredVersion, Refusal>>;
  read(name: VersionName): Promise<Result<{ readonly version: StoredVersion; readonly value: Uint8Array }, Refusal>>;
  /** For Cloud Run: the value as text; undefined when there is no such enabled version. Throws where it is no UTF-8. */
  access(project: string, secret: string, version: string): Promise<Secret | undefined>;
}

const SECRETS = "secrets";
const VERSIONS = "secret-versions";
const MAX_VALUE_BYTES = 64 * 1024;
const MAX_VERSION = 999_999_999;
/** Writers that keep meeting each other give up after this many tries. */
const MAX_TRIES = 20;
/** How many versions are read at a time, and looked through for one page of a given state. */
const CHUNK = 50;
const MAX_LOOKED_THROUGH = 10_000;

/** A store over documents. `encryptionKey` has 32 bytes and never leaves the process. */
export function createSecretStore({
  documents,
  encryptionKey,
  clock,
}: {
  readonly documents: Documents;
  readonly encryptionKey: Uint8Array;
  readonly clock: Clock;
}): SecretStore {
  const now = () => toIso(clock.now());

  const get = async (name: SecretName): Promise<Result<StoredSecret, Refusal>> => {
    const found = await documents.get<StoredSecret>(SECRETS, secretResource(name));
    return found === undefined
      ? err(refusal("NOT_FOUND", `Secret [${secretResource(name)}] not found.`))
      : ok(found.value);
  };

  const newest = async (name: SecretName) => {
    const [found] = await documents.list<StoredVersion>({
      collection: VERSIONS,
      prefix: `${secretResource(name)}/`,
      limit: 1,
    });
    return found;
  };

  const find = async (name: VersionName) => {
    if (name.version === "latest") return await newest(name);
    const number = Number(name.version);
    if (!/^\d{1,9}$/.test(name.version) || number < 1) return undefined;
    return await documents.get<StoredVersion>(VERSIONS, versionKey(name, number));
  };

  const getVersion = async (name: VersionName): Promise<Result<StoredVersion, Refusal>> => {
    const found = await find(name);
    return found === undefined ? err(await versionMissing(name, await newest(name))) : ok(found.value);
  };

  const read: SecretStore["read"] = async (name) => {
    const version = await getVersion(name);
    if (!version.ok) return version;
    const { state, sealed, name: resource } = version.value;
    if (state !== "ENABLED" || sealed === undefined) {
      return err(refusal("FAILED_PRECONDITION", `Secret Version [${resource}] is in ${state} state.`));
    }
    return ok({ version: version.value, value: unseal(sealed, { key: encryptionKey, name: resource }) });
  };

  return {
    async create(name, about) {
      const secret = { name: secretResource(name), createTime: now(), ...about };
      const put = await documents.put(SECRETS, secret.name, secret, 0);
      return put.ok ? ok(secret) : err(refusal("ALREADY_EXISTS", `Secret [${secret.name}] already exists.`));
    },
    get,
    async list(project, { size, token }) {
      const prefix = `projects/${project}/secrets/`;
      const found = await documents.list<StoredSecret>({
        collection: SECRETS,
        prefix,
        limit: size + 1,
        ...(token === undefined ? {} : { afterKey: prefix + token }),
      });
      return pageOf(found, size, (key) => key.slice(prefix.length));
    },
    async addVersion(name, value) {
      const secret = await get(name);
      if (!secret.ok) return secret;
      if (value.length > MAX_VALUE_BYTES) {
        return err(refusal("INVALID_ARGUMENT", "The secret payload is larger than 65536 bytes."));
      }
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const number = numberOf((await newest(name))?.value) + 1;
        const resource = `${secretResource(name)}/versions/${number}`;
        const sealed = seal(value, { key: encryptionKey, name: resource });
        const version: StoredVersion = { name: resource, createTime: now(), state: "ENABLED", sealed };
        // Another writer may have taken the number meanwhile: then the next one is ours.
        if ((await documents.put(VERSIONS, versionKey(name, number), version, 0)).ok) return ok(version);
      }
      return err(refusal("RESOURCE_EXHAUSTED", `Too many versions are being added to [${secretResource(name)}].`));
    },
    getVersion,
    async listVersions(name, { size, token, state }) {
      const secret = await get(name);
      if (!secret.ok) return secret;
      return ok(await versionPage(documents, `${secretResource(name)}/`, { size, token, state }));
    },
    async setState(name, state) {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const found = await find(name);
        if (found === undefined) return err(await versionMissing(name, await newest(name)));
        const changed = withState(found.value, state, now());
        if (changed === undefined) {
          return err(refusal("FAILED_PRECONDITION", `Secret Version [${found.value.name}] is in DESTROYED state.`));
        }
        if ((await documents.put(VERSIONS, found.key, changed, found.version)).ok) return ok(changed);
      }
      return err(refusal("RESOURCE_EXHAUSTED", `Too many changes are being made to [${secretResource(name)}].`));
    },
    read,
    async access(project, secret, version) {
      const found = await read({ project, secret, version });
      return found.ok ? new Secret(textOf(found.value.value, found.value.version.name)) : undefined;
    },
  };
}

/** Read piece by piece, as a thousand values of 64 KiB are more than a page needs to hold. */
async function versionPage(
  documents: Documents,
  prefix: string,
  asked: { readonly size: number; readonly token: string | undefined; readonly state: VersionState | undefined },
): Promise<Page<StoredVersion>> {
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

/** An opaque tag that changes with what may change: labels, annotations and state, not the value. */
export function etagOf(value: StoredSecret | Omit<StoredVersion, "sealed">): string {
  return `"${createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16)}"`;
}

function secretResource({ project, secret }: SecretName): string {
  return `projects/${project}/secrets/${secret}`;
}

/** Counts down, so that a list by key begins with the newest. */
function versionKey(name: SecretName, number: number): string {
  return `${secretResource(name)}/${String(MAX_VERSION - number).padStart(9, "0")}`;
}

function numberOf(version: StoredVersion | undefined): number {
  return version === undefined ? 0 : Number(version.name.split("/").at(-1));
}

async function versionMissing(name: VersionName, newest: unknown): Promise<Refusal> {
  const resource = secretResource(name);
  if (newest === undefined) return refusal("NOT_FOUND", `Secret [${resource}] not found or has no versions.`);
  return refusal("NOT_FOUND", `Secret Version [${resource}/versions/${name.version}] not found.`);
}

function withState(version: StoredVersion, state: VersionState, at: string): StoredVersion | undefined {
  const { name, createTime, sealed } = version;
  if (state === "DESTROYED") {
    return version.state === "DESTROYED" ? undefined : { name, createTime, state, destroyTime: at };
  }
  return sealed === undefined ? undefined : { name, createTime, state, sealed };
}

function pageOf<T>(
  found: readonly { readonly key: string; readonly value: T }[],
  size: number,
  tokenOf: (key: string) => string,
): Page<T> {
  const items = found.slice(0, size).map(({ value }) => value);
  const last = found[size - 1];
  return found.length > size && last !== undefined ? { items, nextPageToken: tokenOf(last.key) } : { items };
}

/** A byte order mark is part of the value. */
function textOf(value: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch (cause) {
    throw new Error(`${name} holds bytes that are no UTF-8 text, so no variable can carry it`, { cause });
  }
}
