import { err, ok, type Result } from "../../core/values/result.ts";
import { invalid, notHere, type Refusal } from "./google-error.ts";
import { isMetricType, type MetricType, RESOURCE_TYPE, type Series } from "./series.ts";

/** What a filter asks for: one metric, and which of its series. */
export interface SeriesFilter {
  readonly type: MetricType;
  readonly takes: (series: Series) => boolean;
}

interface Comparison {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly fits: (value: string) => boolean;
  readonly text: string;
}

const MAX_LENGTH = 4_096;
const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
/** `field = "text"`, `field = starts_with("text")`, `field = one_of("text", "text")`. */
const COMPARISON = new RegExp(
  String.raw`\s*([a-z_]+(?:\.[a-z_]+)*)\s*(!=|=)\s*(?:(${TEXT})|([a-z_.]+)\(\s*(${TEXT}(?:\s*,\s*${TEXT})*)\s*\))\s*`,
  "y",
);
const LABELS = {
  resource: ["project_id", "location", "service_name", "revision_name", "configuration_name"],
  metric: ["response_code_class"],
} as const;

/**
 * Reads a Monitoring filter (cloud.google.com/monitoring/api/v3/filters): comparisons joined by AND. The parts of that
 * language that are not here are refused, since a filter that is half understood would list too much.
 */
export function parseSeriesFilter(text: string): Result<SeriesFilter, Refusal> {
  if (text.length > MAX_LENGTH) return err(invalid("filter", `${text.slice(0, 40)}…`, "it is too long."));
  const read = comparisonsOf(text);
  if (!read.ok) return read;
  const unknown = read.value.find(({ field }) => !isField(field));
  if (unknown !== undefined) {
    const { field } = unknown;
    if (field === "metric.labels.response_code") return err(notHere("Label response_code (its class alone is kept)"));
    return err(invalid("filter", text, `there is no field ${field}.`));
  }
  const named = read.value.filter(({ field, operator }) => field === "metric.type" && operator === "=");
  const [only, ...others] = named;
  if (only === undefined || others.length > 0) {
    return err(invalid("filter", text, "it must name a single metric.type."));
  }
  if (!isMetricType(only.text)) {
    return err({
      status: "NOT_FOUND",
      message: `Cannot find metric(s) that match type = ${JSON.stringify(only.text)}.`,
    });
  }
  return ok({
    type: only.text,
    takes: (series) =>
      read.value.every(({ field, operator, fits }) => fits(fieldOf(series, field)) === (operator === "=")),
  });
}

/** The one spelling of a field: Google takes `label` for `labels`. */
export function fieldName(text: string): string {
  return text.replace(/^(metric|resource)\.label\./, "$1.labels.");
}

/** Whether series have such a field. */
export function isField(field: string): boolean {
  if (/^(metric\.type|resource\.type|project)$/.test(field)) return true;
  const [of, , label = ""] = /^(resource|metric)\.labels\.\w+$/.test(field) ? field.split(".") : [];
  return (of === "resource" || of === "metric") && (LABELS[of] as readonly string[]).includes(label);
}

/** The field's value in a series; empty for a label that a reduction took away. */
export function fieldOf({ type, resourceLabels, metricLabels }: Series, field: string): string {
  if (field === "metric.type") return type;
  if (field === "resource.type") return RESOURCE_TYPE;
  if (field === "project") return resourceLabels.project_id ?? "";
  const [of, , label = ""] = field.split(".");
  return (of === "resource" ? resourceLabels : metricLabels)[label] ?? "";
}

function comparisonsOf(text: string): Result<readonly Comparison[], Refusal> {
  const found: Comparison[] = [];
  COMPARISON.lastIndex = 0;
  while (COMPARISON.lastIndex < text.length || found.length === 0) {
    const from = COMPARISON.lastIndex;
    const match = COMPARISON.exec(text);
    if (match === null) return err(notUnderstood(text, text.slice(from).trim()));
    const [, field = "", operator = "", plain, called = "", given = ""] = match;
    const texts = [...(plain ?? given).matchAll(new RegExp(TEXT, "g"))].map(([each]) => unquoted(each));
    const fits = plain === undefined ? testOf(called, texts) : (value: string) => value === texts[0];
    if (fits === undefined) return err(notHere(`Function ${called} of filters`));
    found.push({ field: fieldName(field), operator: operator as "=" | "!=", fits, text: texts[0] ?? "" });
    const next = COMPARISON.lastIndex;
    if (next === text.length) break;
    if (!/^AND\s/.test(text.slice(next))) return err(notUnderstood(text, text.slice(next).trim()));
    COMPARISON.lastIndex = next + "AND".length;
  }
  return ok(found);
}

function notUnderstood(text: string, rest: string): Refusal {
  const word = /^(OR|NOT)\b|^[(-]/.exec(rest)?.[0];
  if (word !== undefined) return notHere(`Operator ${word} of filters`);
  return invalid(
    "filter",
    text,
    rest === "" ? "it is empty." : `it cannot be read from ${JSON.stringify(rest.slice(0, 40))} on.`,
  );
}

function testOf(called: string, texts: readonly string[]): ((value: string) => boolean) | undefined {
  const [first = ""] = texts;
  switch (called) {
    case "one_of":
      return (value) => texts.includes(value);
    case "starts_with":
      return (value) => value.startsWith(first);
    case "ends_with":
      return (value) => value.endsWith(first);
    case "has_substring":
      return (value) => value.includes(first);
    default:
      return undefined;
  }
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}
