import { describe, expect, it } from "vitest";
import { keptRevisions, pickRevision, readTraffic, resolveTraffic } from "./traffic.ts";

const REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
const LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";

describe("readTraffic", () => {
  it("takes types as numbers and as names, and full names of revisions", () => {
    const asked = [
      { type: 2, revision: "projects/p/locations/l/services/api/revisions/api-1", percent: 90 },
      { type: LATEST, percent: 10, tag: "next" },
    ];
    expect(readTraffic(asked)).toEqual({
      ok: true,
      value: [
        { type: REVISION, revision: "api-1", percent: 90 },
        { type: LATEST, percent: 10, tag: "next" },
      ],
    });
  });

  it("sends everything to the latest where nothing is asked", () => {
    expect(readTraffic(undefined)).toEqual({ ok: true, value: [{ type: LATEST, percent: 100 }] });
  });

  it.each([
    ["a sum below 100", [{ type: 2, revision: "a", percent: 99 }], /sum to 99/],
    ["a percent above 100", [{ type: 2, revision: "a", percent: 101 }], /0 to 100/],
    ["a negative percent", [{ type: 2, revision: "a", percent: -1 }], /0 to 100/],
    ["a revision without a name", [{ type: 2, percent: 100 }], /must not be empty/],
    ["the latest with a name", [{ type: 1, revision: "a", percent: 100 }], /must be empty/],
    ["a tag that is no host name", [{ type: 1, percent: 100, tag: "Not_one" }], /tag/],
    [
      "a tag twice",
      [
        { percent: 100, tag: "a" },
        { type: 2, revision: "b", tag: "a" },
      ],
      /only once/,
    ],
  ])("refuses %s", (_, asked, message) => {
    const read = readTraffic(asked);
    expect(read.ok ? "" : read.error).toMatch(message);
  });
});

describe("resolveTraffic", () => {
  it("names the latest ready revision, and leaves out what has none", () => {
    expect(resolveTraffic([{ type: LATEST, percent: 100 }], "api-2")).toEqual([
      { type: LATEST, percent: 100, revision: "api-2" },
    ]);
    expect(resolveTraffic([{ type: LATEST, percent: 100 }], undefined)).toEqual([]);
  });
});

describe("pickRevision", () => {
  const split = [
    { type: REVISION, revision: "none", percent: 0, tag: "rc" },
    { type: REVISION, revision: "few", percent: 10 },
    { type: REVISION, revision: "most", percent: 90 },
  ] as const;

  it("gives each its share, and nothing to 0 %", () => {
    const picked = Array.from({ length: 100 }, (_, n) => pickRevision(split, n / 100));
    expect(picked.filter((name) => name === "few")).toHaveLength(10);
    expect(picked.filter((name) => name === "most")).toHaveLength(90);
  });

  it("has nothing where nothing is served", () => {
    expect(pickRevision([], 0.5)).toBeUndefined();
    expect(pickRevision([split[0]], 0)).toBeUndefined();
  });

  it("keeps what has traffic or a tag", () => {
    const old = { type: REVISION, revision: "old", percent: 0 } as const;
    expect([...keptRevisions([...split, old])]).toEqual(["none", "few", "most"]);
  });
});
