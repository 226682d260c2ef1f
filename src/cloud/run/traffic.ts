/** Traffic of a service: reading what is asked, resolving it to revisions, choosing one for a request. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { type JsonObject, numberOf, objectsOf, textOf } from "./read-json.ts";

const LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
const REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
const TAG = /^[a-z][a-z0-9-]{0,45}$/;
/** Entries of one service, at most. */
const MAX_ENTRIES = 100;

/** One entry as asked. */
export interface TrafficTarget {
  readonly type: typeof LATEST | typeof REVISION;
  /** Short name; only where the type is a revision. */
  readonly revision?: string;
  /** 0–100; all together are 100. */
  readonly percent: number;
  readonly tag?: string;
}

/** One entry as served. */
export interface TrafficStatus extends TrafficTarget {
  readonly revision: string;
}

/** Reads `traffic[]`. None at all means that everything goes to the latest revision. Errors are for the client. */
export function readTraffic(value: unknown): Result<readonly TrafficTarget[], string> {
  const entries = objectsOf(value);
  if (entries.length === 0) return ok([{ type: LATEST, percent: 100 }]);
  if (entries.length > MAX_ENTRIES) return err(`traffic: more than ${MAX_ENTRIES} entries.`);
  const targets: TrafficTarget[] = [];
  for (const [index, entry] of entries.entries()) {
    const target = readTarget(entry, `traffic[${index}]`);
    if (!target.ok) return target;
    targets.push(target.value);
  }
  const sum = targets.reduce((total, { percent }) => total + percent, 0);
  if (sum !== 100) return err(`traffic: percents must sum to 100, but they sum to ${sum}.`);
  const tags = targets.flatMap(({ tag }) => tag ?? []);
  if (new Set(tags).size !== tags.length) return err("traffic: a tag may be used only once.");
  return ok(targets);
}

function readTarget(entry: JsonObject, place: string): Result<TrafficTarget, string> {
  const percent = numberOf(entry.percent) ?? 0;
  if (!Number.isInteger(percent) || percent < 0 || percent > 100) return err(`${place}.percent: must be 0 to 100.`);
  const tag = textOf(entry.tag);
  if (tag !== "" && !TAG.test(tag)) return err(`${place}.tag: must match ${TAG.source}.`);
  const revision = textOf(entry.revision).split("/").at(-1) ?? "";
  const isLatest = entry.type === 1 || entry.type === LATEST || (revision === "" && !isRevisionType(entry.type));
  if (isLatest && revision !== "") return err(`${place}.revision: must be empty where the type is LATEST.`);
  if (!isLatest && revision === "") return err(`${place}.revision: must not be empty where the type is REVISION.`);
  const named = isLatest ? ({ type: LATEST } as const) : ({ type: REVISION, revision } as const);
  return ok({ ...named, percent, ...(tag === "" ? {} : { tag }) });
}

function isRevisionType(type: unknown): boolean {
  return type === 2 || type === REVISION;
}

/** What is served once the entries are applied. Entries that follow the latest revision need one that is ready. */
export function resolveTraffic(
  targets: readonly TrafficTarget[],
  latestReady: string | undefined,
): readonly TrafficStatus[] {
  return targets.flatMap((target) => {
    const revision = target.revision ?? latestReady;
    return revision === undefined ? [] : [{ ...target, revision }];
  });
}

/** The revision of one request; `roll` is from 0 up to, not including, 1. Undefined where nothing is served. */
export function pickRevision(entries: readonly TrafficStatus[], roll: number): string | undefined {
  const total = entries.reduce((sum, { percent }) => sum + percent, 0);
  let left = roll * total;
  for (const { revision, percent } of entries) {
    if (percent === 0) continue;
    if (left < percent) return revision;
    left -= percent;
  }
  return undefined;
}

/** Revisions that an instance is kept for: those with traffic or a tag. */
export function keptRevisions(entries: readonly TrafficStatus[]): ReadonlySet<string> {
  return new Set(
    entries.filter(({ percent, tag }) => percent > 0 || tag !== undefined).map(({ revision }) => revision),
  );
}
