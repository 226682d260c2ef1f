/**
 * The judge of a canary step: whether a candidate with a share of the traffic answers as well as its gates ask. Pure. What
 * could not be found out is inconclusive, and inconclusive is not passed: too few requests, nothing to compare with, numbers
 * that the cloud did not tell. A serving revision without errors is no missing number: the error rate has a limit of its own.
 */
import type { RequestSummary } from "../metrics/requests.ts";
import type { Canary } from "../platform/platform.ts";
import type { Verdict } from "../release/events.ts";
import { count } from "../values/count.ts";

/** What is known of one service's requests while a step bakes; undefined where nothing is. */
export interface CanaryNumbers {
  readonly service: string;
  readonly candidate: RequestSummary | undefined;
  /** Of the revision that the traffic is taken from: while the step bakes, and as long before the first one. */
  readonly serving: RequestSummary | undefined;
}

export interface CanaryJudgement {
  readonly verdict: Verdict;
  /** What was seen of each service, and what was asked. */
  readonly evidence: string;
}

/** Latencies are read off a histogram: a difference of less than this, in ms, is none. */
const LATENCY_GRAIN_MS = 10;

/** How many times the allowed share of errors is too bad to wait for the end of the bake time, and never more than half. */
const HOPELESS_TIMES = 10;
const HOPELESS_PERCENT = 50;

/** The verdict on a step: failed where any service failed, and passed where all of them passed. */
export function judgeCanary(gates: Canary["gates"], numbers: readonly CanaryNumbers[]): CanaryJudgement {
  const judged = numbers.map((each) => judgeService(gates, each));
  const has = (verdict: Verdict) => judged.some((each) => each.verdict === verdict);
  return {
    verdict: has("failed") ? "failed" : has("inconclusive") || judged.length === 0 ? "inconclusive" : "passed",
    evidence: judged.length === 0 ? "no service was looked at" : judged.map(({ evidence }) => evidence).join("; "),
  };
}

/** Whether a step that still bakes fails so plainly that users need not meet it any longer. */
export function isHopeless(gates: Canary["gates"], numbers: readonly CanaryNumbers[]): boolean {
  const { errorRatePercent, minRequests } = gates;
  if (errorRatePercent === undefined) return false;
  const limit = Math.max(errorRatePercent, Math.min(errorRatePercent * HOPELESS_TIMES, HOPELESS_PERCENT));
  return numbers.some(
    ({ candidate }) => candidate !== undefined && candidate.requests >= minRequests && candidate.errorPercent > limit,
  );
}

function judgeService(gates: Canary["gates"], { service, candidate, serving }: CanaryNumbers): CanaryJudgement {
  const requests = candidate?.requests ?? 0;
  const seen = `${service}: ${count(requests, "request")}`;
  if (candidate === undefined || requests < gates.minRequests) {
    return { verdict: "inconclusive", evidence: `${seen} where ${gates.minRequests} are needed` };
  }
  const parts = [judgeErrors(gates, candidate), judgeLatency(gates, candidate, serving)];
  const has = (verdict: Verdict) => parts.some((part) => part?.verdict === verdict);
  const verdict = has("failed") ? "failed" : has("inconclusive") ? "inconclusive" : "passed";
  return { verdict, evidence: [seen, ...parts.flatMap((part) => part?.evidence ?? [])].join(", ") };
}

function judgeErrors({ errorRatePercent: limit }: Canary["gates"], candidate: RequestSummary): CanaryJudgement {
  const share = `${rounded(candidate.errorPercent)} % failed`;
  if (limit === undefined) return { verdict: "passed", evidence: share };
  const verdict = candidate.errorPercent > limit ? "failed" : "passed";
  return { verdict, evidence: `${share} where ${limit} % may` };
}

function judgeLatency(
  { latencyP95Ratio: ratio, minRequests }: Canary["gates"],
  candidate: RequestSummary,
  serving: RequestSummary | undefined,
): CanaryJudgement | undefined {
  if (ratio === undefined) return undefined;
  const [own, other] = [candidate.latencyMs?.p95, serving?.latencyMs?.p95];
  if (own === undefined) return { verdict: "inconclusive", evidence: "no latencies are known" };
  const p95 = `p95 ${rounded(own)} ms`;
  if (serving === undefined || other === undefined || serving.requests < minRequests) {
    const known = `${count(serving?.requests ?? 0, "request")} of the serving revision where ${minRequests} are needed`;
    return { verdict: "inconclusive", evidence: `${p95} with nothing to compare it with: ${known}` };
  }
  const isSlower = own > other * ratio && own - other >= LATENCY_GRAIN_MS;
  return { verdict: isSlower ? "failed" : "passed", evidence: `${p95} where ${ratio} × ${rounded(other)} ms may be` };
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
