import fc from "fast-check";
import { expect, it } from "vitest";
import { instant } from "../values/time.ts";
import { backupsToRemove } from "./backups-to-remove.ts";

const DAY_MS = 86_400_000;
const backup = (id: string, days: number) => ({ id, at: instant(days * DAY_MS) });
const remove = (ids: readonly [string, number][], needed: readonly string[] = []) =>
  backupsToRemove({
    backups: ids.map(([id, days]) => backup(id, days)),
    keepMs: 14 * DAY_MS,
    needed: new Set(needed),
    now: instant(30 * DAY_MS),
  }).map(({ id }) => id);

it("lets go what is older than the policy, to the day, and keeps what a release under way made", () => {
  const all: [string, number][] = [
    ["d", 29],
    ["a", 1],
    ["b", 16],
    ["c", 17],
    ["e", 30],
  ];
  expect(remove(all)).toEqual(["a", "b"]);
  expect(remove(all, ["a"])).toEqual(["b"]);
});

it("never lets go the newest two, however old, and never more than there are", () => {
  expect(
    remove([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]),
  ).toEqual(["a"]);
  expect(remove([["a", 1]])).toEqual([]);
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 40 })), (days) => {
      const gone = remove(days.map((day) => [String(day), day]));
      const newest = days
        .toSorted((a, b) => b - a)
        .slice(0, 2)
        .map(String);
      expect(gone.filter((id) => newest.includes(id))).toEqual([]);
    }),
  );
});
