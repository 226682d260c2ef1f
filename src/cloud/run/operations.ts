import { type Refusal, refusal, rpcStatus } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Instant } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import { change } from "./keep.ts";
import type { JsonObject } from "./read-json.ts";
import { COLLECTION, type Place, placeName } from "./resources.ts";

/** Longest time that `:wait` holds a request. */
const MAX_WAIT_MS = 60_000;
const POLL_MS = 50;
/** How long clients may still ask how an operation ended. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;
/** Operations read or listed at once. */
const PAGE = 500;

interface StoredOperation extends Place {
  readonly id: string;
  /** Type of the resource, such as `google.cloud.run.v2.Service`. */
  readonly type: string;
  /** The resource as it was when the operation began or ended. */
  readonly resource: JsonObject;
  readonly begunAt: Instant;
  readonly outcome?: { readonly kind: "done" } | { readonly kind: "failed"; readonly error: Refusal };
}

/** Long-running operations, durable from the moment that a client hears of one. */
export interface Operations {
  /** Begins one; its JSON. */
  begin(place: Place, about: { readonly type: string; readonly resource: JsonObject }): Promise<JsonObject>;
  /** Ends one, by the id at the end of its name. What has ended stays as it is. */
  end(place: Place & { readonly id: string }, resource: JsonObject, error?: Refusal): Promise<void>;
  get(place: Place & { readonly id: string }): Promise<Result<JsonObject, Refusal>>;
  /** Those of a place, at most a page, by id. */
  list(place: Place): Promise<readonly JsonObject[]>;
  /** Forgets one that has ended; one that is under way cannot be forgotten. */
  remove(place: Place & { readonly id: string }): Promise<Result<JsonObject, Refusal>>;
  /** As `get`, once it has ended or the time is over, 60 s at most. */
  wait(place: Place & { readonly id: string }, timeoutMs: number): Promise<Result<JsonObject, Refusal>>;
  /**
   * At a start: ends those that an earlier run left open and nobody goes on with (`goingOn` holds the ids of the others),
   * and forgets those that ended more than a week ago.
   */
  tidy(goingOn: readonly string[]): Promise<void>;
}

/** Operations in Documents. */
export function createOperations({
  documents,
  clock,
  ids,
}: {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
}): Operations {
  const collection = COLLECTION.operations;
  const find = async (place: Place & { readonly id: string }): Promise<Result<StoredOperation, Refusal>> => {
    const found = await documents.get<StoredOperation>(collection, keyOf(place));
    return found === undefined ? err(notFound(place)) : ok(found.value);
  };
  const end: Operations["end"] = async (place, resource, error) => {
    await change<StoredOperation, Refusal>(documents, { collection, key: keyOf(place) }, (current) => {
      if (current === undefined) return err(notFound(place));
      if (current.outcome !== undefined) return ok(current);
      return ok({ ...current, resource, outcome: error === undefined ? { kind: "done" } : { kind: "failed", error } });
    });
  };
  return {
    end,
    async begin({ project, location }, { type, resource }) {
      const operation: StoredOperation = { project, location, id: ids.uuid(), type, resource, begunAt: clock.now() };
      await documents.put(collection, keyOf(operation), operation, 0);
      return operationJson(operation);
    },
    async get(place) {
      const found = await find(place);
      return found.ok ? ok(operationJson(found.value)) : found;
    },
    async list({ project, location }) {
      const query = { collection, prefix: `${project}/${location}/`, limit: PAGE };
      return (await documents.list<StoredOperation>(query)).map(({ value }) => operationJson(value));
    },
    async remove(place) {
      const found = await find(place);
      if (!found.ok) return found;
      if (found.value.outcome === undefined) {
        return err(refusal("FAILED_PRECONDITION", `Operation '${place.id}' is under way.`));
      }
      await documents.remove(collection, keyOf(place));
      return ok({});
    },
    tidy: (goingOn) => tidy({ documents, clock }, goingOn, end),
    async wait(place, timeoutMs) {
      const deadline = clock.monotonicMs() + Math.min(timeoutMs, MAX_WAIT_MS);
      let found = await find(place);
      while (found.ok && found.value.outcome === undefined && clock.monotonicMs() < deadline) {
        await clock.sleep(POLL_MS);
        found = await find(place);
      }
      return found.ok ? ok(operationJson(found.value)) : found;
    },
  };
}

async function tidy(
  { documents, clock }: { readonly documents: Documents; readonly clock: Clock },
  goingOn: readonly string[],
  end: Operations["end"],
): Promise<void> {
  const collection = COLLECTION.operations;
  const why = refusal("ABORTED", "It was not carried out: the server ended, and nobody went on with it.");
  let afterKey = "";
  for (;;) {
    const page = await documents.list<StoredOperation>({ collection, prefix: "", limit: PAGE, afterKey });
    for (const { value } of page) {
      const isOld = value.begunAt < clock.now() - KEPT_MS;
      if (value.outcome !== undefined && isOld) await documents.remove(collection, keyOf(value));
      if (value.outcome === undefined && !goingOn.includes(value.id)) await end(value, value.resource, why);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    afterKey = last.key;
  }
}

/** JSON of an operation that has ended and is kept nowhere: the answer to `validateOnly`. */
export function endedOperation(place: Place, type: string, resource: JsonObject): JsonObject {
  return operationJson({ ...place, id: "validate-only", type, resource, outcome: { kind: "done" } });
}

/** The id at the end of an operation's name. */
export function operationId(operation: JsonObject): string {
  return String(operation.name).split("/").at(-1) ?? "";
}

function operationJson(operation: Omit<StoredOperation, "begunAt">): JsonObject {
  const { id, type, resource, outcome } = operation;
  const typed = { "@type": `type.googleapis.com/${type}`, ...resource };
  const begun = { name: `${placeName(operation)}/operations/${id}`, metadata: typed };
  if (outcome === undefined) return begun;
  if (outcome.kind === "failed") return { ...begun, done: true, error: rpcStatus(outcome.error) };
  return { ...begun, done: true, response: typed };
}

function keyOf({ project, location, id }: Place & { readonly id: string }): string {
  return `${project}/${location}/${id}`;
}

function notFound(place: Place & { readonly id: string }): Refusal {
  return refusal("NOT_FOUND", `Operation '${placeName(place)}/operations/${place.id}' does not exist.`);
}
