import { isKept, type Minute, minuteOf, type RequestCounts } from "../../core/metrics/request-counts.ts";
import { ok } from "../../core/values/result.ts";
import type { Instant } from "../../core/values/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import { change } from "./keep.ts";
import type { Metrics } from "./metrics.ts";
import { COLLECTION } from "./resources.ts";

const FLUSH_MS = 60_000;
const MINUTES_PER_HOUR = 60;
/** Documents listed at once. */
const PAGE = 200;
const collection = COLLECTION.metrics;

/** The minutes of one hour of one revision. */
interface StoredHour {
  readonly revision: string;
  readonly minutes: readonly { readonly minute: Minute; readonly counts: RequestCounts }[];
}

export interface KeptMetrics {
  /** Takes up the minutes of earlier runs; from then on writes what was counted, once a minute. */
  start(): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
}

/**
 * Keeps counts in Documents, one for each hour of a revision. What a crash takes is at most a minute, and then missing:
 * it is never made up. A write that fails is made up for by the next, and fails nothing else.
 */
export function keepMetrics(deps: {
  readonly metrics: Metrics;
  readonly documents: Documents;
  readonly clock: Clock;
}): KeptMetrics {
  const { metrics, documents, clock } = deps;
  const closing = new AbortController();
  let writtenUntil: Instant | undefined;
  let writing = Promise.resolve();

  const write = async () => {
    if (writtenUntil === undefined) return;
    const begunAt = clock.now();
    await writeSince(deps, minuteOf(writtenUntil));
    await removeOld(documents, begunAt);
    writtenUntil = begunAt;
  };
  const writeNext = () => {
    writing = writing.then(write).catch(() => {});
    return writing;
  };
  const writeByAndBy = async () => {
    while (!closing.signal.aborted) {
      await clock.sleep(FLUSH_MS, closing.signal);
      if (!closing.signal.aborted) await writeNext();
    }
  };
  return {
    async start() {
      await removeOld(documents, clock.now());
      for await (const hour of storedHours(documents)) metrics.restore(hour);
      writtenUntil = clock.now();
      void writeByAndBy();
    },
    async close() {
      closing.abort();
      await writeNext();
    },
  };
}

/** Writes each hour that has something in this minute or later. */
async function writeSince(
  { metrics, documents }: { readonly metrics: Metrics; readonly documents: Documents },
  since: Minute,
): Promise<void> {
  for (const { revision, minutes } of metrics.read().revisions) {
    const changed = new Set(minutes.filter(({ minute }) => minute >= since).map(({ minute }) => hourOf(minute)));
    for (const hour of changed) {
      const value: StoredHour = { revision, minutes: minutes.filter(({ minute }) => hourOf(minute) === hour) };
      await change(documents, { collection, key: `${hourKey(hour)}/${revision}` }, () => ok(value));
    }
  }
}

async function* storedHours(documents: Documents): AsyncGenerator<StoredHour> {
  let afterKey = "";
  for (;;) {
    const page = await documents.list<StoredHour>({ collection, prefix: "", limit: PAGE, afterKey });
    for (const { value } of page) yield value;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    afterKey = last.key;
  }
}

/** The oldest come first, so that this reads little where nothing is to be removed. */
async function removeOld(documents: Documents, now: Instant): Promise<void> {
  for (;;) {
    const page = await documents.list<StoredHour>({ collection, prefix: "", limit: 1 });
    const [oldest] = page;
    if (oldest === undefined || oldest.value.minutes.some(({ minute }) => isKept(minute, now))) return;
    await documents.remove(collection, oldest.key);
  }
}

function hourOf(minute: Minute): number {
  return Math.floor(minute / MINUTES_PER_HOUR);
}

/** Sorts as the hours do. */
function hourKey(hour: number): string {
  return String(hour).padStart(8, "0");
}
