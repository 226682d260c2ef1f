/** A point in time: milliseconds since 1970-01-01T00:00:00Z. Comes from the clock port or an event, never from `Date.now`. */
export type Instant = number & { readonly __brand: "Instant" };

/** Takes a number that is known to be milliseconds since the epoch. */
export function instant(epochMs: number): Instant {
  if (!Number.isFinite(epochMs)) throw new RangeError(`not a point in time: ${epochMs}`);
  return epochMs as Instant;
}

/** RFC 3339 in UTC with milliseconds, the form used in events, JSON and logs. */
export function toIso(at: Instant): string {
  return new Date(at).toISOString();
}

/** Reads RFC 3339. Throws RangeError for anything else. */
export function fromIso(text: string): Instant {
  return instant(Date.parse(text));
}

/** A duration for people: `340 ms`, `4.2 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
