/**
 * Looks for what does not do on Cloud Build what it seems to say, and mends what can be mended by splicing the text, so
 * that comments and layout stay. Begin with `lintBuildConfig`.
 */
import { isScalar } from "yaml";
import type { Problem } from "../values/problem.ts";
import type { BuildConfig } from "./build-config.ts";
import type { Finding, LintSubject } from "./finding.ts";
import { differenceFindings } from "./lint-differences.ts";
import { shellFindings } from "./lint-shell.ts";
import { openBuildFile, parseBuildConfig } from "./parse-build-config.ts";
import { builderImageSpelling, buildRejected, cloneWithoutSubmodules } from "./problems.ts";
import { listNode, rangeOf, stepNode } from "./shell-texts.ts";
import { insertAfter, splice } from "./splice.ts";
import { checkBuild } from "./validate-whole.ts";

/** All problems of a build file, in the order of the file, errors of reading alone. */
export function lintBuildConfig(text: string, file: string): readonly Problem[] {
  const parsed = parseBuildConfig(text, file);
  if (!parsed.ok) return parsed.problems;
  const findings = findingsOf(text, file);
  return [...findings.map((finding) => finding.problem), ...refusals(parsed.value, findings)];
}

/** The text with everything mended that can be. Applied again it changes nothing. */
export function fixBuildConfig(text: string): string {
  return splice(
    text,
    findingsOf(text, "").flatMap((finding) => finding.edits),
  );
}

function findingsOf(text: string, file: string): readonly Finding[] {
  const opened = openBuildFile(text, file);
  const parsed = parseBuildConfig(text, file);
  if (!opened.ok || !parsed.ok) return [];
  const subject = { text, file: opened.file, config: parsed.value };
  const findings = [
    ...shellFindings(subject),
    ...imageFindings(subject),
    ...cloneFindings(subject),
    ...differenceFindings(subject),
  ];
  const place = ({ problem }: Finding) => (problem.where?.line ?? 0) * 10_000 + (problem.where?.column ?? 0);
  return findings.sort((a, b) => place(a) - place(b));
}

/** What the server would say after all, beyond the findings that have a place and a fix of their own. */
function refusals(config: BuildConfig, findings: readonly Finding[]): readonly Problem[] {
  const said = findings.flatMap((finding) => finding.problem.why).join("\n");
  const builtIns = { PROJECT_ID: "project", BUILD_ID: "00000000-0000-4000-8000-000000000000", LOCATION: "global" };
  const checked = checkBuild({ config, builtIns, origin: "manual" });
  const asWarning = (message: string) => ({ ...buildRejected(message), severity: "warning" as const });
  if (checked.ok) return checked.value.warnings.map(asWarning);
  return checked.error
    .filter((complaint) => !said.includes(complaint))
    .map((complaint) =>
      // A trigger or the command line may give it, so this is only what a bare submit would say.
      complaint.includes("is not matched in the substitution data") ? asWarning(complaint) : buildRejected(complaint),
    );
}

const OWN_COPY = /^gcr\.io\/\$(?:PROJECT_ID|\{PROJECT_ID\})\/cloud-builders\/([a-z0-9-]+)$/;

/** `gcr.io/$PROJECT_ID/cloud-builders/x` is a copy that a project has only if somebody made one. */
function imageFindings({ text, file, config }: LintSubject): readonly Finding[] {
  return config.steps.flatMap((step, index): readonly Finding[] => {
    const builder = OWN_COPY.exec(step.name ?? "")?.[1];
    const node = stepNode(file, index)?.get("name", true);
    if (builder === undefined || !isScalar(node)) return [];
    const usual = `gcr.io/cloud-builders/${builder}`;
    const [from, to] = rangeOf(node);
    const quote = /^["']/.exec(text.slice(from, to))?.[0] ?? "";
    const problem = builderImageSpelling(step.name, usual, file.whereOffset(from));
    return [{ problem, edits: [{ from, to, text: quote + usual + quote }] }];
  });
}

function cloneFindings({ text, file, config }: LintSubject): readonly Finding[] {
  return config.steps.flatMap((step, index): readonly Finding[] => {
    const { name = "", entrypoint, args = [] } = step;
    const isGit = entrypoint === "git" || (entrypoint === undefined && /(^|\/)git$/.test(name));
    if (!isGit || args[0] !== "clone" || args.some((arg) => /^--recurs/.test(arg))) return [];
    const node = stepNode(file, index);
    const list = node === undefined ? undefined : listNode(node, "args");
    const edit = list === undefined ? undefined : insertAfter(text, list, 0, ["--recurse-submodules"]);
    const where = file.wherePath(["steps", index, "args"]);
    return [{ problem: cloneWithoutSubmodules(where), edits: edit === undefined ? [] : [edit] }];
  });
}
