/** What a cloud knows of the requests of services: slices of time, and what they come to. Missing is never zero. */
import type { Instant } from "../values/time.ts";
import { type Distribution, mergeDistributions, NO_DISTRIBUTION, percentileOf } from "./distribution.ts";

/** Requests of one revision in one slice of time. */
export interface RequestSlice {
  readonly from: Instant;
  /** By class of status, `2xx`, `5xx`, …; at least one request. */
  readonly counts: Readonly<Record<string, number>>;
  /** In ms. */
  readonly latencies: Distribution;
}

/** Requests of one revision. A slice that is not there had no request that is known of. */
export interface RevisionRequests {
  readonly service: string;
  readonly revision: string;
  /** Oldest first. */
  readonly slices: readonly RequestSlice[];
}

/** What slices come to. */
export interface RequestSummary {
  readonly requests: number;
  /** Share of answers with a status of 500 or more, 0–100. */
  readonly errorPercent: number;
  /** Absent where the cloud told no latencies. */
  readonly latencyMs?: { readonly p50: number; readonly p95: number; readonly p99: number };
}

/** All of them together; undefined where nothing is known. */
export function summariseRequests(slices: readonly RequestSlice[]): RequestSummary | undefined {
  const classes = slices.flatMap(({ counts }) => Object.entries(counts));
  const requests = sum(classes);
  if (requests === 0) return undefined;
  const errors = sum(classes.filter(([statusClass]) => statusClass === "5xx"));
  const latencies = slices.map((slice) => slice.latencies).reduce(mergeDistributions, NO_DISTRIBUTION);
  const [p50, p95, p99] = [50, 95, 99].map((percent) => percentileOf(latencies, percent));
  const isKnown = p50 !== undefined && p95 !== undefined && p99 !== undefined;
  return {
    requests,
    errorPercent: (errors * 100) / requests,
    ...(isKnown ? { latencyMs: { p50, p95, p99 } } : {}),
  };
}

/** Lengths of slices in minutes, and how many of them are shown at most. */
const SLICE_MINUTES = [1, 2, 5, 10, 20];
const MAX_SLICES = 72;

/** How long a slice of so many minutes is, so that there are few enough to look at. At most 24 hours. */
export function sliceMinutes(windowMinutes: number): number {
  return SLICE_MINUTES.find((each) => windowMinutes / each <= MAX_SLICES) ?? 20;
}

function sum(classes: readonly (readonly [string, number])[]): number {
  return classes.reduce((all, [, count]) => all + count, 0);
}
