/**
 * What an HTTP answer means for a check. Pure: the engine asks, this judges. No answer, or an answer that cannot be
 * read, is inconclusive at best and never a pass.
 */
import type { HttpCheck } from "../platform/platform.ts";
import type { Verdict } from "../release/events.ts";
import { valuesAt } from "./json-path.ts";

/** What came back from one HTTP request, or that nothing did. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      /** At most 1 MiB; the rest is cut off. */
      readonly body: string;
      readonly durationMs: number;
    }
  | { readonly kind: "no-answer"; readonly reason: string };

export interface Judgement {
  readonly verdict: Verdict;
  /** One line: what was seen. */
  readonly evidence: string;
}

/** Judges one answer by everything that the check expects; the first expectation that fails is the evidence. */
export function judgeHttp(expect: HttpCheck["expect"], answer: Answer): Judgement {
  if (answer.kind === "no-answer") return { verdict: "inconclusive", evidence: answer.reason };
  const { status, body, headers, durationMs } = answer;
  if (status !== expect.status) {
    return { verdict: "failed", evidence: `status ${status} instead of ${expect.status}: ${excerpt(body)}` };
  }
  if (expect.body !== undefined && !body.includes(expect.body)) {
    return { verdict: "failed", evidence: `the body lacks "${expect.body}": ${excerpt(body)}` };
  }
  for (const [name, value] of Object.entries(expect.headers)) {
    const seen = headers[name.toLowerCase()];
    if (seen !== value)
      return { verdict: "failed", evidence: `header ${name} is ${seen ?? "absent"} instead of ${value}` };
  }
  if (expect.latencyMs !== undefined && durationMs > expect.latencyMs) {
    return {
      verdict: "failed",
      evidence: `answered in ${Math.round(durationMs)} ms, more than ${expect.latencyMs} ms`,
    };
  }
  return judgeJson(expect.json, body) ?? { verdict: "passed", evidence: `status ${status}` };
}

function judgeJson(expected: HttpCheck["expect"]["json"], body: string): Judgement | undefined {
  const entries = Object.entries(expected);
  if (entries.length === 0) return undefined;
  const document = parseJson(body);
  if (document === undefined) return { verdict: "failed", evidence: `the body is no JSON: ${excerpt(body)}` };
  for (const [path, value] of entries) {
    const found = valuesAt(document.value, path);
    if (found.length === 0) return { verdict: "failed", evidence: `nothing stands at ${path}` };
    const wrong = found.find((candidate) => candidate.value !== value);
    if (wrong !== undefined) {
      return {
        verdict: "failed",
        evidence: `${wrong.path} is ${JSON.stringify(wrong.value)} instead of ${JSON.stringify(value)}`,
      };
    }
  }
  return undefined;
}

/** Parses JSON; undefined for a text that is none. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function excerpt(body: string): string {
  const line = body.replaceAll(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line || "(empty body)";
}
