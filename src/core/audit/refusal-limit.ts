import type { AuditActor, AuditEntry } from "./audit-row.ts";

/** Refused calls of one caller that are stored one by one within a window. */
export const STORED_PER_WINDOW = 60;
/** Length of a window, in milliseconds. */
export const WINDOW_MS = 60_000;
/** Callers that are counted apart; all others share one count. */
const MAX_CALLERS = 1_000;
const OTHERS: AuditActor = { kind: "unknown", id: "others" };

interface Window {
  readonly endsAt: number;
  readonly who: AuditActor;
  stored: number;
  /** Counted, not stored. */
  more: number;
  last: AuditEntry;
}

/**
 * Keeps a flood of refused calls out of the log: of each caller the first 60 of a minute are rows, the rest are counted, and
 * one row says how many there were. Holds at most 1,000 windows, in memory: a crash loses counts of one minute, no row.
 */
export class RefusalLimit {
  readonly #windows = new Map<string, Window>();

  /** The rows that the refusal makes: itself, or none where it is only counted; counts of windows that have ended first. */
  take(entry: AuditEntry): readonly AuditEntry[] {
    const ended = this.due(entry.at);
    const own = `${entry.who.kind}:${entry.who.id}`;
    const isShared = !this.#windows.has(own) && this.#windows.size >= MAX_CALLERS;
    const [key, who] = isShared ? ["others", OTHERS] : [own, entry.who];
    const window = this.#windows.get(key) ?? { endsAt: entry.at + WINDOW_MS, who, stored: 0, more: 0, last: entry };
    this.#windows.set(key, window);
    if (window.stored < STORED_PER_WINDOW) {
      window.stored += 1;
      return [...ended, entry];
    }
    window.more += 1;
    window.last = entry;
    return ended;
  }

  /** The counts of windows that ended by then; `Infinity` ends all. */
  due(at: number): readonly AuditEntry[] {
    const rows: AuditEntry[] = [];
    for (const [key, { endsAt, who, more, last }] of this.#windows) {
      if (endsAt > at) continue;
      this.#windows.delete(key);
      if (more === 0) continue;
      const reason = `${more} more refused calls within ${WINDOW_MS / 1_000} s, counted and not stored; the last one was this.`;
      rows.push({ ...last, who, reason, more });
    }
    return rows;
  }
}
