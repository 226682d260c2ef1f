import type { PlannedService } from "../plan/plan.ts";
import { resolvedDigest } from "../plan/plan-release.ts";
import { buildOf } from "../release/apply-event.ts";
import type { Release } from "../release/state.ts";
import { assertNever } from "../values/assert.ts";
import { formatDuration, toIso } from "../values/time.ts";
import { type ModuleChanges, moreText } from "./changelog.ts";
import { markdownCode as code, markdownLink as link, markdownText as text } from "./markdown.ts";
import { entryAnchor, settledAt } from "./release-log.ts";

/** Rows of a table: the event log has the rest. */
const MAX_ROWS = 300;

/**
 * One release as people read it: what the specification's section 8 asks for (manifest, trigger, build log, addresses,
 * verification), with plan, people, times, migrations, images, commits and the evidence of checks. The phase that
 * writes the record is left out, since it has not ended when the entry is written.
 */
export function logEntry(release: Release, changes: readonly ModuleChanges[]): string {
  const parts = [
    [`<a id="${entryAnchor(release)}"></a>`],
    [`## ${release.id} ${text(release.plan.manifest.releaseId)}`],
    facts(release),
    table(["Service", "Change", "Revision", "Image", "Address"], serviceRows(release)),
    table(["Image", "Module", "Digest", "How"], imageRows(release)),
    table(["Module", "Commit", "Since"], moduleRows(release)),
    commitLines(changes),
    table(["Database", "Migration", "Took"], migrationRows(release)),
    table(["Canary step", "Services", "Began", "Verdict", "Evidence"], canaryRows(release)),
    table(["Traffic moved", "To", "At"], shiftRows(release)),
    table(["Phase", "Result", "Tries", "Took"], phaseRows(release)),
    table(["Check", "On", "Verdict", "Tries", "Evidence"], checkRows(release)),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function facts(release: Release): readonly string[] {
  const { plan, requestedAt } = release;
  const settled = settledAt(release) ?? requestedAt;
  const build = buildOf(release.stage);
  const hasBuild = build.kind === "submitted" || build.kind === "ended";
  const logUrl = hasBuild ? build.logUrl : release.givenBuild?.logUrl;
  return [
    `- Outcome: ${outcomeText(release)}`,
    `- Manifest: ${code(plan.manifest.file)}`,
    `- Plan: ${code(plan.digest)}`,
    `- Trigger: ${code(release.trigger)}`,
    `- Requested by: ${code(release.requestedBy)}`,
    ...people(release),
    `- Started: ${toIso(requestedAt)}, took ${formatDuration(settled - requestedAt)}`,
    `- Umbrella commit: ${code(release.umbrellaCommit)}`,
    `- Build log: ${logUrl === undefined ? "none" : link(logUrl, logUrl)}`,
    `- Verification: ${verificationText(release)}`,
    ...mixedTime(release),
    ...(release.backup === undefined ? [] : [`- Backup: ${code(release.backup)}`]),
    ...Object.entries(release.restored).map(
      ([service, revision]) =>
        `- Traffic given back: ${code(service)} ${revision === "removed" ? "was removed again" : `to ${code(revision)}`}`,
    ),
  ];
}

/** Where it comes from, who agreed to it, and who let it through a freeze. */
function people({ promotedFrom, plan, approvals, exceptions }: Release): readonly string[] {
  const { rollback } = plan.actions;
  return [
    ...(promotedFrom === undefined ? [] : [`- Promoted from: ${code(promotedFrom)}`]),
    ...(rollback === undefined ? [] : [`- Rolled back to: ${code(rollback.to)}`]),
    ...approvals.map(
      ({ by, at, comment }) =>
        `- Approved by: ${code(by)} at ${toIso(at)}${comment === "" ? "" : `: ${text(comment)}`}`,
    ),
    ...exceptions.map(
      ({ freeze, by, at, reason }) =>
        `- Let through freeze ${code(freeze)} by: ${code(by)} at ${toIso(at)}: ${text(reason)}`,
    ),
  ];
}

/** How the release ended, with its problem; one that is being recorded has succeeded. */
function outcomeText({ stage }: Release): string {
  if (stage.name === "recording") return "succeeded";
  if (stage.name !== "ended") return "under way";
  const { outcome } = stage;
  switch (outcome.kind) {
    case "succeeded":
      return "succeeded";
    case "cancelled":
      return `cancelled: ${text(outcome.reason)}`;
    case "failed":
    case "rolled-back":
      return `${outcome.kind}: ${outcome.problem.code}: ${text(outcome.problem.summary)}`;
    case "rollback-failed":
      return `rollback-failed: ${text(outcome.problem.summary)} It followed on ${outcome.cause.code}: ${text(outcome.cause.summary)}`;
    default:
      return assertNever(outcome);
  }
}

/** How many checks passed; no check at all is said as such. */
export function verificationText({ checks }: Release): string {
  if (checks.length === 0) return "no check ran";
  return `${checks.filter(({ verdict }) => verdict === "passed").length} of ${checks.length} checks passed`;
}

function serviceRows(release: Release): readonly string[][] {
  return release.plan.actions.services.map((planned) => {
    const shift = release.shifts.find(({ service }) => service === planned.service);
    const isRestored = release.restored[planned.service] !== undefined;
    const candidate = release.candidates[planned.service];
    // A job has no revision and no candidate: its image is what was declared.
    const declared =
      planned.role === "job"
        ? resolvedDigest(release.plan, planned.intended.image.buildKey, release.images)
        : undefined;
    const digest = candidate?.ready?.digest ?? declared ?? planned.serving?.digest;
    const revision = candidate?.revision ?? planned.serving?.revision;
    const url = shift?.done?.url;
    return [
      code(planned.service),
      text(changeText(planned)),
      revision === undefined ? "none" : code(revision),
      digest === undefined ? "unknown" : code(digest),
      url === undefined || isRestored ? (planned.change === "unchanged" ? "unchanged" : "none") : link(url, url),
    ];
  });
}

function changeText({ change, reasons }: PlannedService): string {
  return reasons.length === 0 ? change : `${change}: ${reasons.join(", ")}`;
}

function imageRows(release: Release): readonly string[][] {
  return release.plan.actions.builds.map((build) => [
    code(build.image),
    code(build.module),
    code(resolvedDigest(release.plan, build.key, release.images) ?? "none"),
    release.imageSources[build.key] ?? (build.state.kind === "present" ? "present" : "not built"),
  ]);
}

function moduleRows(release: Release): readonly string[][] {
  return release.plan.actions.commits.map(({ module, commit, from }) => [
    code(module),
    code(commit),
    from === undefined ? "first release" : from === commit ? "unchanged" : code(from.slice(0, 12)),
  ]);
}

function commitLines(changes: readonly ModuleChanges[]): readonly string[] {
  return changes.flatMap(({ module, commits }) => {
    if (commits.kind === "none") return [];
    if (commits.kind === "unreadable") return [`- ${code(module)}: commits unknown: ${text(commits.reason)}`];
    const { added, removed } = commits;
    return [
      ...added.shown.map((each) => `- ${code(module)} ${commitText(each)}`),
      ...(added.more === 0 ? [] : [`- ${code(module)} and ${moreText(added)}`]),
      ...removed.shown.map((each) => `- ${code(module)} no longer: ${commitText(each)}`),
      ...(removed.more === 0 ? [] : [`- ${code(module)} no longer: ${moreText(removed)}`]),
    ];
  });
}

function commitText({ commit, subject, author }: { commit: string; subject: string; author: string }): string {
  return `${code(commit.slice(0, 12))} ${text(subject)} (${text(author)})`;
}

function migrationRows(release: Release): readonly string[][] {
  return release.appliedMigrations.map(({ database, identifier, durationMs }) => [
    code(database),
    code(identifier),
    formatDuration(durationMs),
  ]);
}

function canaryRows({ canary }: Release): readonly string[][] {
  return canary.map(({ step, percent, services, begun, judged }) => [
    `${step}, ${percent} %`,
    services.map(({ service }) => code(service)).join(", "),
    begun === undefined ? "not begun" : toIso(begun.at),
    judged?.verdict ?? "none",
    text(judged?.evidence ?? ""),
  ]);
}

/** In the order in which traffic moved. */
function shiftRows(release: Release): readonly string[][] {
  return doneShifts(release).map(({ service, revision, at }) => [code(service), code(revision), toIso(at)]);
}

function doneShifts({ shifts }: Release) {
  return shifts
    .flatMap(({ service, revision, done }) => (done === undefined ? [] : [{ service, revision, at: done.at }]))
    .sort((one, other) => one.at - other.at);
}

/** From the first requests that went to the new set to the last that still could go to the old one. */
function mixedTime(release: Release): readonly string[] {
  const [begun, done] = [release.canary[0]?.begun?.at, doneShifts(release).map(({ at }) => at)];
  const from = begun ?? done[0];
  const until = done.at(-1) ?? release.canary.at(-1)?.judged?.at;
  return from === undefined || until === undefined || from === until
    ? []
    : [`- Old and new served side by side: ${formatDuration(until - from)}`];
}

function phaseRows(release: Release): readonly string[][] {
  return release.phases
    .filter(({ phase }) => phase !== "record")
    .map((record) => {
      const { phase, subject, outcome } = record;
      const took = outcome.kind === "running" ? "not ended" : formatDuration(outcome.at - record.startedAt);
      const result = outcome.kind === "failed" ? `failed: ${outcome.problem.code}` : outcome.kind;
      return [subject === undefined ? phase : `${phase} ${code(subject)}`, result, String(record.try), took];
    });
}

function checkRows(release: Release): readonly string[][] {
  return release.checks.map(({ check, on, verdict, tries, evidence }) => [
    code(check),
    text(on),
    verdict,
    String(tries),
    text(evidence),
  ]);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const left = rows.length - MAX_ROWS;
  return [
    line(heads),
    line(heads.map(() => "---")),
    ...rows.slice(0, MAX_ROWS).map(line),
    ...(left > 0 ? ["", `${left} more stand in the event log.`] : []),
  ];
}
