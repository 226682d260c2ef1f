import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Documents } from "../../ports/documents.ts";
import { type JsonObject, objectOf, objectsOf, textOf } from "./read-json.ts";
import { COLLECTION, type Place, serviceKey } from "./resources.ts";

/** Google's limit of members of one policy. */
const MAX_MEMBERS = 1_500;
const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|group|serviceAccount|domain|deleted|principal|principalSet):.{1,500})$/;
const ROLE = /^(roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[A-Za-z0-9_.]{1,200}$/;

type ServicePlace = Place & { readonly service: string };

/** Who may call a service, as clients wrote it: kept and given back. Nobody is kept out by it here. */
export interface Policies {
  /** `google.iam.v1.Policy`; one without bindings where none was written. */
  get(place: ServicePlace): Promise<JsonObject>;
  /** Replaces it, unless the policy's etag is that of an older one. */
  set(place: ServicePlace, policy: JsonObject): Promise<Result<JsonObject, Refusal>>;
}

interface Binding {
  readonly role: string;
  readonly members: readonly string[];
}

/** Policies in Documents. */
export function createPolicies({ documents }: { readonly documents: Documents }): Policies {
  const find = (place: ServicePlace) => documents.get<readonly Binding[]>(COLLECTION.policies, serviceKey(place));
  return {
    async get(place) {
      const found = await find(place);
      return policyJson(found?.value ?? [], found?.version ?? 0);
    },
    async set(place, policy) {
      const bindings = readBindings(policy);
      if (!bindings.ok) return err(refusal("INVALID_ARGUMENT", bindings.error));
      const version = (await find(place))?.version ?? 0;
      const etag = textOf(policy.etag);
      if (etag !== "" && etag !== etagOf(version)) return err(changedMeanwhile());
      const written = await documents.put(COLLECTION.policies, serviceKey(place), bindings.value, version);
      return written.ok ? ok(policyJson(written.value.value, written.value.version)) : err(changedMeanwhile());
    },
  };
}

/** Bindings of a policy, those of one role together. Errors are for the client. */
function readBindings(policy: JsonObject): Result<readonly Binding[], string> {
  const roles = new Map<string, Set<string>>();
  for (const [index, { role, members, condition }] of objectsOf(policy.bindings).entries()) {
    const at = `policy.bindings[${index}]`;
    if (Object.keys(objectOf(condition)).length > 0) return err(`${at}.condition: is not there in the embedded cloud.`);
    if (!ROLE.test(textOf(role))) return err(`${at}.role: '${textOf(role)}' is no role.`);
    const named: readonly unknown[] = Array.isArray(members) ? members : [];
    const wrong = named.find((member) => !MEMBER.test(textOf(member)));
    if (wrong !== undefined) return err(`${at}.members: '${textOf(wrong)}' is no member.`);
    roles.set(textOf(role), new Set([...(roles.get(textOf(role)) ?? []), ...named.map(textOf)]));
  }
  const bindings = [...roles].map(([role, members]) => ({ role, members: [...members] }));
  const count = bindings.reduce((sum, { members }) => sum + members.length, 0);
  if (count > MAX_MEMBERS) return err(`policy.bindings: more than ${MAX_MEMBERS} members.`);
  return ok(bindings.filter(({ members }) => members.length > 0));
}

function policyJson(bindings: readonly Binding[], version: number): JsonObject {
  return { version: 1, etag: etagOf(version), ...(bindings.length === 0 ? {} : { bindings }) };
}

/** Bytes in base64, as the type of the member asks. */
function etagOf(version: number): string {
  return btoa(`policy-${version}`);
}

function changedMeanwhile(): Refusal {
  return refusal("ABORTED", "There were concurrent policy changes. Please retry the whole read-modify-write.");
}
