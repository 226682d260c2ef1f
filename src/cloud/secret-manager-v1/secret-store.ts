/**
 * Secret Manager v1 of the embedded cloud. `secret-store.ts` keeps secrets as documents, `version-store.ts` their
 * versions, values sealed by `seal.ts`; `secret-manager-v1.ts` is the REST face. Begin with `createSecretStore`.
 */

import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { Secret } from "../../core/values/secret.ts";
import { toIso } from "../../core/values/time.ts";
import {
  type Page,
  type PageAsked,
  pageOf,
  type SecretName,
  type StoredSecret,
  type StoredVersion,
  secretResource,
  type VersionName,
  type VersionState,
} from "./secret-resources.ts";
import {
  addVersion,
  getVersion,
  listVersions,
  readVersion,
  setVersionState,
  type VersionPageAsked,
  type VersionParts,
} from "./version-store.ts";

export interface SecretStore {
  create(name: SecretName, about: Pick<StoredSecret, "labels" | "annotations">): Promise<Result<StoredSecret, Refusal>>;
  get(name: SecretName): Promise<Result<StoredSecret, Refusal>>;
  list(project: string, page: PageAsked): Promise<Page<StoredSecret>>;
  /** At most 64 KiB, as with Google. Versions count from 1. */
  addVersion(name: SecretName, value: Uint8Array): Promise<Result<StoredVersion, Refusal>>;
  getVersion(name: VersionName): Promise<Result<StoredVersion, Refusal>>;
  /** Newest first, without the sealed values. */
  listVersions(name: SecretName, page: VersionPageAsked): Promise<Result<Page<StoredVersion>, Refusal>>;
  /** Destroyed is for ever: the sealed value is removed with it. */
  setState(name: VersionName, state: VersionState): Promise<Result<StoredVersion, Refusal>>;
  read(name: VersionName): Promise<Result<{ readonly version: StoredVersion; readonly value: Uint8Array }, Refusal>>;
  /** For Cloud Run: the value as text; undefined when there is no such enabled version. Throws where it is no UTF-8. */
  access(project: string, secret: string, version: string): Promise<Secret | undefined>;
}

const SECRETS = "secrets";

/** A store over documents. */
export function createSecretStore(parts: VersionParts): SecretStore {
  const { documents, clock } = parts;

  const get = async (name: SecretName): Promise<Result<StoredSecret, Refusal>> => {
    const found = await documents.get<StoredSecret>(SECRETS, secretResource(name));
    if (found === undefined) return err(refusal("NOT_FOUND", `Secret [${secretResource(name)}] not found.`));
    return ok(found.value);
  };

  return {
    async create(name, about) {
      const secret = { name: secretResource(name), createTime: toIso(clock.now()), ...about };
      const put = await documents.put(SECRETS, secret.name, secret, 0);
      return put.ok ? ok(secret) : err(refusal("ALREADY_EXISTS", `Secret [${secret.name}] already exists.`));
    },
    get,
    async list(project, { size, token }) {
      const prefix = `projects/${project}/secrets/`;
      const after = token === undefined ? {} : { afterKey: prefix + token };
      const found = await documents.list<StoredSecret>({ collection: SECRETS, prefix, limit: size + 1, ...after });
      return pageOf(found, size, (key) => key.slice(prefix.length));
    },
    async addVersion(name, value) {
      const secret = await get(name);
      return secret.ok ? await addVersion(parts, name, value) : secret;
    },
    getVersion: async (name) => await getVersion(parts, name),
    async listVersions(name, page) {
      const secret = await get(name);
      return secret.ok ? ok(await listVersions(parts, name, page)) : secret;
    },
    setState: async (name, state) => await setVersionState(parts, name, state),
    read: async (name) => await readVersion(parts, name),
    async access(project, secret, version) {
      const found = await readVersion(parts, { project, secret, version });
      return found.ok ? new Secret(textOf(found.value.value, found.value.version.name)) : undefined;
    },
  };
}

/** A byte order mark is part of the value. */
function textOf(value: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch (cause) {
    throw new Error(`${name} holds bytes that are no UTF-8 text, so no variable can carry it`, { cause });
  }
}
