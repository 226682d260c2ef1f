import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toIso } from "./time.ts";
import { isTimeZone, zonedInstant } from "./zoned-time.ts";

describe("a local time in a zone", () => {
  it.each([
    ["2026-12-20T00:00", "America/New_York", "2026-12-20T05:00:00.000Z"],
    ["2026-07-01T12:00", "America/New_York", "2026-07-01T16:00:00.000Z"],
    ["2026-07-01T12:00", "UTC", "2026-07-01T12:00:00.000Z"],
    ["2026-01-01T00:00", "Asia/Kathmandu", "2025-12-31T18:15:00.000Z"],
    // Shown twice: 01:30 in summer time comes first.
    ["2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00.000Z"],
    // Skipped: clocks go from 02:00 to 03:00.
    ["2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00.000Z"],
  ])("%s in %s is %s", (local, zone, utc) => {
    expect(toIso(zonedInstant(local, zone))).toBe(utc);
  });

  it("is shown by the zone's clocks at that moment, wherever it is shown at all", () => {
    const minute = fc.date({ min: new Date("2000-01-01"), max: new Date("2037-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(minute, fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"), (at, zone) => {
        const local = localTime(at.getTime(), zone);
        expect(localTime(zonedInstant(local, zone), zone)).toBe(local);
      }),
    );
  });
});

it("knows the zones that there are", () => {
  expect(["Europe/Berlin", "UTC", "../../etc/localtime", "Mars/Olympus"].map(isTimeZone)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

function localTime(atMs: number, zone: string): string {
  const text = new Date(atMs).toLocaleString("sv-SE", { timeZone: zone });
  return text.slice(0, 16).replace(" ", "T");
}
