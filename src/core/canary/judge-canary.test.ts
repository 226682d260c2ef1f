import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RequestSummary } from "../metrics/requests.ts";
import type { Canary } from "../platform/platform.ts";
import { isHopeless, judgeCanary } from "./judge-canary.ts";

const GATES = { errorRatePercent: 1, latencyP95Ratio: 1.2, minRequests: 50 };

/** So many requests, of which that share failed, and with that 95th percentile. */
function answered(requests: number, errorPercent = 0, p95: number | undefined = 40): RequestSummary {
  return { requests, errorPercent, ...(p95 === undefined ? {} : { latencyMs: { p50: p95, p95, p99: p95 } }) };
}

function verdictOf(candidate?: RequestSummary, serving?: RequestSummary, gates: Canary["gates"] = GATES) {
  return judgeCanary(gates, [{ service: "api", candidate, serving }]);
}

describe("judgeCanary", () => {
  const serving = answered(900);
  const rows: readonly [string, RequestSummary | undefined, RequestSummary | undefined, string, string][] = [
    [
      "a good candidate",
      answered(100),
      serving,
      "passed",
      "100 requests, 0 % failed where 1 % may, p95 40 ms where 1.2 × 40 ms may be",
    ],
    ["as many errors as may be", answered(100, 1), serving, "passed", "1 % failed where 1 % may"],
    ["one more", answered(100, 2), serving, "failed", "2 % failed where 1 % may"],
    ["a slower one", answered(100, 0, 60), serving, "failed", "p95 60 ms where 1.2 × 40 ms may be"],
    ["a slower and failing one", answered(100, 5, 60), serving, "failed", "5 % failed"],
    ["too few requests", answered(49, 100), serving, "inconclusive", "49 requests where 50 are needed"],
    ["no request", undefined, serving, "inconclusive", "0 requests where 50 are needed"],
    [
      "nothing to compare with",
      answered(100),
      undefined,
      "inconclusive",
      "0 requests of the serving revision where 50",
    ],
    ["too little to compare with", answered(100), answered(3), "inconclusive", "3 requests of the serving revision"],
    ["errors and nothing to compare with", answered(100, 9), undefined, "failed", "9 % failed where 1 % may"],
  ];
  it.each(rows)("judges %s", (...[, candidate, other, verdict, evidence]) => {
    expect(verdictOf(candidate, other)).toEqual({ verdict, evidence: expect.stringContaining(evidence) });
  });

  it("says that latencies which the cloud did not tell are missing", () => {
    const { latencyMs: _, ...without } = answered(100);
    expect(verdictOf(without, serving)).toEqual({
      verdict: "inconclusive",
      evidence: "api: 100 requests, 0 % failed where 1 % may, no latencies are known",
    });
  });

  it("takes a serving revision without an error for what it is, and one whose latency is next to nothing too", () => {
    expect(verdictOf(answered(100, 0.5), answered(900, 0)).verdict).toBe("passed");
    expect(verdictOf(answered(100, 0, 9), answered(900, 0, 1)).verdict).toBe("passed");
    expect(verdictOf(answered(100, 0, 12), answered(900, 0, 1)).verdict).toBe("failed");
  });

  it("asks only what the gates ask", () => {
    expect(verdictOf(answered(1, 100), undefined, { minRequests: 1 }).verdict).toBe("passed");
    expect(verdictOf(answered(1, 100), undefined, { minRequests: 1, errorRatePercent: 0 }).verdict).toBe("failed");
    expect(verdictOf(answered(1), undefined, { minRequests: 1, errorRatePercent: 0 }).verdict).toBe("passed");
  });

  it("is as bad as the worst of its services, and inconclusive without any", () => {
    const good = { service: "a", candidate: answered(100), serving };
    const unknown = { service: "b", candidate: undefined, serving };
    const bad = { service: "c", candidate: answered(100, 9), serving };
    expect(judgeCanary(GATES, [good, unknown]).verdict).toBe("inconclusive");
    expect(judgeCanary(GATES, [good, unknown, bad]).verdict).toBe("failed");
    expect(judgeCanary(GATES, [good, unknown, bad]).evidence).toMatch(/^a: .*; b: .*; c: .*9 % failed/);
    expect(judgeCanary(GATES, []).verdict).toBe("inconclusive");
  });

  const summaries = fc.option(
    fc
      .tuple(
        fc.integer({ min: 1, max: 500 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.integer({ min: 0, max: 5_000 }),
      )
      .map(([requests, errors, p95]) => answered(requests, errors, p95)),
    { nil: undefined },
  );
  it("passes nothing that is missing, fails no candidate that is better, and stays failed for more errors", () => {
    fc.assert(
      fc.property(summaries, summaries, fc.double({ min: 0, max: 50, noNaN: true }), (candidate, other, more) => {
        const { verdict } = verdictOf(candidate, other);
        const isMissing = candidate === undefined || candidate.requests < 50 || other === undefined;
        if (isMissing) expect(verdict).not.toBe("passed");
        if (candidate === undefined || candidate.requests < 50) expect(verdict).toBe("inconclusive");
        if (candidate === undefined) return;
        const worse = { ...candidate, errorPercent: candidate.errorPercent + more };
        if (verdict === "failed") expect(verdictOf(worse, other).verdict).toBe("failed");
        const better = answered(candidate.requests, 0, 0);
        expect(verdictOf(better, other).verdict).not.toBe("failed");
      }),
    );
  });
});

describe("isHopeless", () => {
  it.each([
    ["ten times as many errors as may be", answered(50, 10.5), true],
    ["fewer", answered(50, 9), false],
    ["many errors of few requests", answered(49, 100), false],
    ["no request", undefined, false],
  ])("%s: %s", (_name, candidate, hopeless) => {
    expect(isHopeless(GATES, [{ service: "api", candidate, serving: undefined }])).toBe(hopeless);
  });

  it("is never less than what fails at the end, and waits for no more than every other request", () => {
    const at = (errorRatePercent: number, errors: number) =>
      isHopeless({ errorRatePercent, minRequests: 1 }, [
        { service: "api", candidate: answered(10, errors), serving: undefined },
      ]);
    expect([at(20, 49), at(20, 51), at(60, 60), at(60, 61), at(0, 0), at(0, 1)]).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
    expect(isHopeless({ minRequests: 1 }, [{ service: "api", candidate: answered(10, 100), serving: undefined }])).toBe(
      false,
    );
  });
});
