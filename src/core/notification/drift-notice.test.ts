import { describe, expect, it } from "vitest";
import type { Drift } from "../drift/drift.ts";
import { applyDriftSeen, driftNews, UNSEEN } from "../drift/drift-events.ts";
import { instant } from "../values/time.ts";
import { driftNotice } from "./drift-notice.ts";

const traffic: Drift = {
  subject: "service api",
  field: "traffic",
  expected: "100 % api-rel1-1",
  observed: "90 % api-rel1-1, 10 % api-x",
  kind: "differs",
};
const job: Drift = { subject: "job nightly", field: "job", expected: "there", observed: "removed", kind: "differs" };
const blind = (observed: string): Drift => ({
  subject: "services",
  field: "all",
  expected: "as released",
  observed,
  kind: "unknown",
});

/** The notices of looks that found these, one after another. */
function noticesOf(...looks: readonly (readonly Drift[])[]) {
  let history = UNSEEN;
  return looks.map((drifts, index) => {
    const before = history;
    history = applyDriftSeen(before, {
      event: { type: "drift-seen", drifts },
      at: instant(index),
      sequence: index + 1,
    });
    return driftNotice("production", driftNews(before, history));
  });
}

describe("what is told of drift", () => {
  it("is each difference with what was expected and found, and what a person can do", () => {
    expect(noticesOf([traffic, job])).toEqual([
      {
        moments: ["drift"],
        environment: "production",
        headline: "production is not what was released: 2 new differences.",
        facts: [
          ["Environment", "production"],
          ["Differs", "service api, traffic: expected 100 % api-rel1-1, found 90 % api-rel1-1, 10 % api-x"],
          ["Differs", "job nightly, job: expected there, found removed"],
        ],
        needed: "See it and the ways out (adopt, revert, ignore): mobius drift production",
      },
    ]);
  });

  it("is told once while it is there, again when it is another, and when it is gone", () => {
    const moved = { ...traffic, observed: "100 % api-x" };
    const told = noticesOf([traffic], [traffic, job], [moved, job], [job], []);
    expect(told.map((notice) => [notice?.headline, notice?.facts.slice(1).map(([word]) => word)])).toEqual([
      ["production is not what was released: 1 new difference.", ["Differs"]],
      ["production is not what was released: 1 new difference.", ["Differs"]],
      ["production is not what was released: 1 new difference.", ["Differs"]],
      ["1 difference of production is gone, 1 left.", ["Gone"]],
      ["production is what was released again.", ["Gone"]],
    ]);
  });

  it("does not take for gone what could not be looked at, nor for news that it is there afterwards", () => {
    const told = noticesOf([traffic], [blind("403 at 10:00")], [blind("403 at 10:05")], [traffic]);
    expect(told.map((notice) => notice?.headline)).toEqual([
      "production is not what was released: 1 new difference.",
      "production cannot be compared with what was released.",
      undefined,
      "1 difference of production is gone, 1 left.",
    ]);
  });

  it("names some of many, and says how many more there are", () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ ...job, subject: `job j${index}` }));
    const [notice] = noticesOf(many);
    expect(notice?.facts).toHaveLength(10);
    expect(notice?.facts.at(-1)).toEqual(["And", "4 more: mobius drift production"]);
  });
});
