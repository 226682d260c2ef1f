import type { Check, HttpCheck, RoundTripCheck } from "../../core/platform/platform.ts";
import type { CheckRecord } from "../../core/release/state.ts";
import { valuesAt } from "../../core/verification/json-path.ts";
import { type Judgement, judgeHttp, parseJson } from "../../core/verification/judge-http.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Probe } from "../../ports/probe.ts";

/** Pause between two tries of a check, and between two polls of a round trip. */
const PAUSE_MS = 250;

/** A request never takes longer than this, whatever the check's own limit. */
const REQUEST_MS = 10_000;

export interface CheckRun {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Replaces the check's expressions by addresses; undefined when one is unknown. */
  readonly resolve: (expression: string) => string | undefined;
  /** What the record says that the check was made on. */
  readonly on: string;
}

/**
 * Tries a check until it passes, its tries are used up or its time is over. The record holds the last verdict with what
 * was seen; a check that never ran is inconclusive.
 */
export async function runCheck(check: Check, run: CheckRun): Promise<CheckRecord> {
  const deadlineMs = run.clock.monotonicMs() + check.withinMs;
  let last: Judgement = { verdict: "inconclusive", evidence: "it was not tried" };
  let tries = 0;
  while (tries < check.tries && run.clock.monotonicMs() < deadlineMs && !run.signal.aborted) {
    if (tries > 0) await run.clock.sleep(PAUSE_MS, run.signal);
    tries += 1;
    last = await tryCheck(check, run, deadlineMs);
    if (last.verdict === "passed") break;
  }
  return { check: check.name, on: run.on, verdict: last.verdict, tries, evidence: last.evidence };
}

function tryCheck(check: Check, run: CheckRun, deadlineMs: number): Promise<Judgement> {
  return check.kind === "http" ? tryHttp(check, run, deadlineMs) : tryRoundTrip(check, run, deadlineMs);
}

async function tryHttp(check: HttpCheck, run: CheckRun, deadlineMs: number): Promise<Judgement> {
  const url = run.resolve(check.url);
  if (url === undefined) return unknownAddress(check.url);
  return judgeHttp(check.expect, await ask(run, { method: "GET", url }, deadlineMs));
}

async function tryRoundTrip(check: RoundTripCheck, run: CheckRun, deadlineMs: number): Promise<Judgement> {
  const url = run.resolve(check.post);
  if (url === undefined) return unknownAddress(check.post);
  const posted = await ask(run, { method: "POST", url, json: {} }, deadlineMs);
  if (posted.kind === "no-answer") return { verdict: "inconclusive", evidence: posted.reason };
  const given = parseJson(posted.body);
  if (posted.status >= 300 || given === undefined) {
    return { verdict: "failed", evidence: `POST ${url} answered ${posted.status}` };
  }
  const pollUrl = new URL(fillIn(check.poll, given.value), url).href;
  let seen = "nothing";
  while (run.clock.monotonicMs() < deadlineMs && !run.signal.aborted) {
    const polled = await ask(run, { method: "GET", url: pollUrl }, deadlineMs);
    const body = polled.kind === "answered" ? parseJson(polled.body) : undefined;
    const found = body === undefined ? [] : valuesAt(body.value, check.until.json);
    if (found.some((candidate) => candidate.value === check.until.equals)) {
      return { verdict: "passed", evidence: `${check.until.json} became ${check.until.equals}` };
    }
    seen = found.length === 0 ? "nothing" : JSON.stringify(found[0]?.value);
    await run.clock.sleep(PAUSE_MS, run.signal);
  }
  return {
    verdict: "failed",
    evidence: `${check.until.json} is ${seen} instead of ${check.until.equals} when time is over`,
  };
}

function ask(run: CheckRun, request: { method: "GET" | "POST"; url: string; json?: unknown }, deadlineMs: number) {
  const timeoutMs = Math.max(1, Math.min(REQUEST_MS, deadlineMs - run.clock.monotonicMs()));
  return run.probe.request({ ...request, timeoutMs, signal: run.signal });
}

function unknownAddress(expression: string): Judgement {
  return { verdict: "inconclusive", evidence: `no address is known for ${expression}` };
}

/** `/jobs/{id}` with the field of the POST's answer. */
function fillIn(path: string, answer: unknown): string {
  return path.replaceAll(/\{([a-zA-Z0-9_.]+)\}/g, (whole, field: string) => {
    const value = valuesAt(answer, field)[0]?.value;
    return typeof value === "string" || typeof value === "number" ? encodeURIComponent(value) : whole;
  });
}
