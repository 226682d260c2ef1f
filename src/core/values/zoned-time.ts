import { type Instant, instant } from "./time.ts";

/** Whether the machine's time zone data has the zone, such as `America/New_York`. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/**
 * The moment at which clocks in the zone show the local time (`2026-12-20T00:00`). A time that is shown twice, when clocks
 * go back, is its first showing; one that is skipped is as long after the gap as it is into it. Throws RangeError for a
 * zone that is not there: platform files are checked before.
 */
export function zonedInstant(local: string, zone: string): Instant {
  const wallMs = Date.parse(`${local}:00Z`);
  // The offset before a change and the one after it: a day is longer than any change is near.
  const offsets = [wallMs - DAY_MS, wallMs + DAY_MS].map((atMs) => offsetMs(atMs, zone));
  const candidates = offsets.map((offset) => wallMs - offset);
  const shown = candidates.filter((atMs) => atMs + offsetMs(atMs, zone) === wallMs);
  return instant(shown.length > 0 ? Math.min(...shown) : Math.max(...candidates));
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How far the zone's clocks are ahead of UTC at the moment, in milliseconds. */
function offsetMs(atMs: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(atMs);
  const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const shown = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return shown - Math.floor(atMs / 1_000) * 1_000;
}
