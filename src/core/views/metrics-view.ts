/**
 * What people see of an environment's requests: the one shape behind `mobius metrics`, the API and the board. A pure
 * function of what the cloud counted and of releases; what is not known is left out, never zero.
 */
import { type RequestSummary, type RevisionRequests, summariseRequests } from "../metrics/requests.ts";
import type { Release } from "../release/state.ts";
import { type Instant, toIso } from "../values/time.ts";

/** Requests, errors and latencies of some time. */
export interface MeasuredView {
  readonly requests: number;
  /** Share of answers with a status of 500 or more, 0–100. */
  readonly errorPercent: number;
  readonly latencyMs?: { readonly p50: number; readonly p95: number; readonly p99: number };
}

/** Requests of one revision. */
export interface RevisionMetricsView {
  readonly service: string;
  readonly revision: string;
  /** Of the service's traffic now, 0–100. */
  readonly trafficPercent: number;
  /** Over the whole window; absent where nothing is known. */
  readonly measured?: MeasuredView & { readonly requestsPerSecond: number };
  /** Slices of the window that something is known of, oldest first. */
  readonly slices: readonly (MeasuredView & { readonly from: string })[];
}

/** A release that moved the traffic of a service. */
export interface ReleaseMark {
  readonly at: string;
  readonly release: string;
  readonly service: string;
  /** The revision that has the traffic since, or `removed`. */
  readonly revision: string;
  readonly what: "shifted" | "restored";
  /** The release whose set was given the traffic back. */
  readonly rollbackTo?: string;
}

/** The answer of `mobius metrics`. Times are RFC 3339. */
export interface MetricsView {
  readonly apiVersion: "mobius/v1";
  readonly environment: string;
  readonly from: string;
  readonly until: string;
  readonly sliceSeconds: number;
  /** By service; the one with the most traffic first. */
  readonly revisions: readonly RevisionMetricsView[];
  /** Oldest first. */
  readonly marks: readonly ReleaseMark[];
}

export interface MetricsInput {
  readonly environment: string;
  readonly from: Instant;
  /** When it was asked. */
  readonly until: Instant;
  readonly sliceMs: number;
  readonly requests: readonly RevisionRequests[];
  /** What has traffic now. */
  readonly traffic: readonly { readonly service: string; readonly revision: string; readonly percent: number }[];
  /** Of every environment. */
  readonly releases: readonly Release[];
  /** Only this service; all where it is absent. */
  readonly service?: string;
}

/** Makes the view. Revisions with traffic are there even where nothing is known of their requests. */
export function metricsView(input: MetricsInput): MetricsView {
  const { environment, from, until, sliceMs, service } = input;
  const isAsked = (each: { readonly service: string }) => service === undefined || each.service === service;
  return {
    apiVersion: "mobius/v1",
    environment,
    from: toIso(from),
    until: toIso(until),
    sliceSeconds: sliceMs / 1_000,
    revisions: revisionsOf(input).filter(isAsked),
    marks: input.releases
      .filter(({ plan }) => plan.environment === environment)
      .flatMap(marksOf)
      .filter((mark) => isAsked(mark) && mark.atMs >= from && mark.atMs <= until)
      .sort((one, other) => one.atMs - other.atMs)
      .map(({ atMs, ...mark }) => ({ at: toIso(atMs), ...mark })),
  };
}

function revisionsOf({ requests, traffic, from, until }: MetricsInput): readonly RevisionMetricsView[] {
  const serving = traffic.filter(({ percent }) => percent > 0);
  const silent = serving.filter(({ service, revision }) => !requests.some(isOf(service, revision)));
  const all: readonly RevisionRequests[] = [...requests, ...silent.map((each) => ({ ...each, slices: [] }))];
  return all
    .map(({ service, revision, slices }): RevisionMetricsView => {
      const measured = summariseRequests(slices);
      const seconds = Math.max(1, (until - from) / 1_000);
      return {
        service,
        revision,
        trafficPercent: serving.filter(isOf(service, revision)).reduce((sum, { percent }) => sum + percent, 0),
        ...(measured === undefined
          ? {}
          : { measured: { ...rounded(measured), requestsPerSecond: round(measured.requests / seconds) } }),
        slices: slices.flatMap((slice) => {
          const own = summariseRequests([slice]);
          return own === undefined ? [] : [{ from: toIso(slice.from), ...rounded(own) }];
        }),
      };
    })
    .sort(
      (one, other) =>
        one.service.localeCompare(other.service) ||
        other.trafficPercent - one.trafficPercent ||
        other.revision.localeCompare(one.revision),
    );
}

function isOf(service: string, revision: string) {
  return (each: { readonly service: string; readonly revision: string }) =>
    each.service === service && each.revision === revision;
}

type Mark = Omit<ReleaseMark, "at"> & { readonly atMs: Instant };

function marksOf(release: Release): readonly Mark[] {
  const { id, plan, shifts, restored } = release;
  const { rollback } = plan.actions;
  const back = rollback === undefined ? {} : { rollbackTo: rollback.to };
  const shifted = shifts.flatMap(({ service, revision, done }): readonly Mark[] =>
    done === undefined ? [] : [{ atMs: done.at, release: id, service, revision, what: "shifted", ...back }],
  );
  const atMs = restoredAt(release);
  const given = Object.entries(restored).map(
    ([service, revision]): Mark => ({ atMs, release: id, service, revision, what: "restored" }),
  );
  return [...shifted, ...given];
}

/** When the traffic was given back, as near as a release's state knows it. */
function restoredAt({ phases, stage, requestedAt }: Release): Instant {
  const restore = phases.findLast(({ phase }) => phase === "restore");
  if (restore !== undefined) return restore.outcome.kind === "running" ? restore.startedAt : restore.outcome.at;
  return stage.name === "ended" ? stage.at : requestedAt;
}

function rounded({ requests, errorPercent, latencyMs }: RequestSummary): MeasuredView {
  if (latencyMs === undefined) return { requests, errorPercent: round(errorPercent) };
  const { p50, p95, p99 } = latencyMs;
  return {
    requests,
    errorPercent: round(errorPercent),
    latencyMs: { p50: round(p50), p95: round(p95), p99: round(p99) },
  };
}

/** More digits than these are no knowledge. */
function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
