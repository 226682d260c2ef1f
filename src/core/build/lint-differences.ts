import type { Finding, LintSubject } from "./finding.ts";
import { parseTriggerBuildConfig } from "./parse-build-config.ts";
import { buildFieldWithoutEffect, buildStrictDiffers } from "./problems.ts";

/** Fields that say where and on what a build runs, or what is kept of it: Google's matter, taken and not acted on here. */
const WITHOUT_EFFECT: readonly (readonly string[])[] = [
  ["logsBucket"],
  ["options", "machineType"],
  ["options", "diskSizeGb"],
  ["options", "pool"],
  ["options", "workerPool"],
  ["options", "requestedVerifyOption"],
  ["options", "sourceProvenanceHash"],
  ["options", "logStreamingOption"],
  ["options", "defaultLogsBucketBehavior"],
  ["options", "enableStructuredLogging"],
  ["options", "pubsubTopic"],
];

/** Where the same file means something else: to a trigger, or on the embedded engine. One finding of each a file. */
export function differenceFindings(subject: LintSubject): readonly Finding[] {
  return [...strictFindings(subject), ...withoutEffect(subject)].map((problem) => ({ problem, edits: [] }));
}

function strictFindings({ text, file }: LintSubject): readonly Finding["problem"][] {
  const place = file.whereOffset(0);
  const strict = parseTriggerBuildConfig(text, place.file);
  if (strict.ok) return [];
  const [first] = strict.problems;
  return [buildStrictDiffers(first.why.join(" "), first.where ?? place)];
}

function withoutEffect({ file, config }: LintSubject): readonly Finding["problem"][] {
  const given = WITHOUT_EFFECT.filter((path) => {
    const value = path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), config);
    return value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
  });
  const [first] = given;
  if (first === undefined) return [];
  const named = given.map((path) => path.join("."));
  return [buildFieldWithoutEffect(named, file.wherePath(first))];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
