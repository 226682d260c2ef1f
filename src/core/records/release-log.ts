/**
 * The release logs of an umbrella: one file per month and environment, one entry per release. An entry is made of the
 * release's events and of git's history only, so that a rebuilt file is the written one. What stands outside the marks
 * of an entry is people's and stays as it is.
 */

import { buildOf } from "../release/apply-event.ts";
import type { Release } from "../release/state.ts";
import { phaseRecord } from "../release/state.ts";
import type { ReleaseId } from "../values/ids.ts";
import { type Instant, toIso } from "../values/time.ts";

/**
 * When the release came to its result: its end, or for one that is being recorded the end of its last phase before, so
 * that the entry reads the same before and after the release has ended. Undefined while it is under way.
 */
export function settledAt(release: Release): Instant | undefined {
  const { stage } = release;
  // A rollback is done with its check: nothing is migrated after it.
  const before = release.plan.actions.rollback === undefined ? "migrate-after-soak" : "verify";
  const last = phaseRecord(release, before)?.outcome;
  const isReleased = stage.name === "recording" || (stage.name === "ended" && stage.outcome.kind === "succeeded");
  if (isReleased && last?.kind === "succeeded") return last.at;
  return stage.name === "ended" ? stage.at : undefined;
}

/** Whether the release did anything outside: one that ended in the queue is in no log. */
export function hasReachedCloud(release: Release): boolean {
  return buildOf(release.stage).kind !== "none" || release.givenBuild !== undefined || release.phases.length > 0;
}

/** Path of the release log that takes an entry of this time. */
export function releaseLogPath(environment: string, at: Instant): string {
  return `docs/release_logs/${toIso(at).slice(0, 7)}-${environment}.md`;
}

/** Name of a release's entry in its file, for a link. */
export function entryAnchor(release: Release): string {
  return release.id.toLowerCase();
}

/** One entry and where it belongs. */
export interface PlacedEntry {
  readonly release: ReleaseId;
  readonly environment: string;
  /** Of its file. */
  readonly path: string;
  /** What `logEntry` makes. */
  readonly entry: string;
}

/**
 * The log with the release's entry: its own earlier entry is replaced where it stands, a new one goes behind those of
 * smaller numbers.
 */
export function withLogEntry(text: string | undefined, { release, environment, path, entry }: PlacedEntry): string {
  const month = /\/(\d{4}-\d{2})-/.exec(path)?.[1] ?? "";
  const before = text ?? `# Releases to ${environment}, ${month}\n`;
  const block = `${beginMark(release)}\n${entry}${endMark(release)}\n`;
  const entries = entriesIn(before);
  const own = entries.find(({ id }) => id === release);
  if (own !== undefined) return before.slice(0, own.start) + block + before.slice(own.end);
  const next = entries.find(({ id }) => numberOf(id) > numberOf(release));
  if (next !== undefined) return `${before.slice(0, next.start)}${block}\n${before.slice(next.start)}`;
  const last = entries.at(-1);
  if (last !== undefined) return `${before.slice(0, last.end)}\n${block}${before.slice(last.end)}`;
  const gap = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  return `${before}${gap}${block}`;
}

function beginMark(id: string): string {
  return `<!-- mobius:release ${id} -->`;
}

function endMark(id: string): string {
  return `<!-- /mobius:release ${id} -->`;
}

interface Entry {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

/** Whole entries only: a mark that lost its partner belongs to what people wrote. */
function entriesIn(text: string): readonly Entry[] {
  const entries: Entry[] = [];
  let open: { readonly id: string; readonly start: number } | undefined;
  for (const match of text.matchAll(/^<!-- (\/?)mobius:release (REL-\d+) -->(?:\r?\n|$)/gm)) {
    const [whole, slash, id = ""] = match;
    if (slash === "") open = { id, start: match.index };
    else if (open?.id === id) {
      entries.push({ ...open, end: match.index + whole.length });
      open = undefined;
    }
  }
  return entries;
}

function numberOf(id: string): number {
  return Number(id.slice("REL-".length));
}
