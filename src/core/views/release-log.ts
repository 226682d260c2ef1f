import { buildOf } from "../release/apply-event.ts";
import type { Release } from "../release/state.ts";
import { formatDuration, type Instant, toIso } from "../values/time.ts";

/** Path of the release log that takes an entry of this time: one file per month and environment. */
export function releaseLogPath(environment: string, at: Instant): string {
  return `docs/release_logs/${toIso(at).slice(0, 7)}-${environment}.md`;
}

/**
 * The log with this release's entry added at its end; unchanged when it has one. Everything else in the file stays as
 * it is: people may write between entries.
 */
export function withLogEntry(text: string | undefined, release: Release, endedAt: Instant): string {
  const month = toIso(endedAt).slice(0, 7);
  const before = text ?? `# Releases to ${release.plan.environment}, ${month}\n`;
  const heading = `## ${release.id} `;
  if (before.split("\n").some((line) => line.startsWith(heading))) return before;
  return `${before.trimEnd()}\n\n${logEntry(release, endedAt)}`;
}

/** One entry: what the specification's section 8 asks for, with the plan's digest, commits, images and checks. */
function logEntry(release: Release, endedAt: Instant): string {
  const { plan } = release;
  const build = buildOf(release.stage);
  const logUrl = build.kind === "submitted" || build.kind === "ended" ? build.logUrl : "none";
  const passed = release.checks.filter((check) => check.verdict === "passed").length;
  const lines = [
    `## ${release.id} ${plan.manifest.releaseId}`,
    "",
    `- Manifest: \`${plan.manifest.file}\``,
    `- Plan: \`${plan.digest}\``,
    `- Trigger: ${release.trigger}`,
    `- Requested by: ${release.requestedBy}`,
    `- Started: ${toIso(release.requestedAt)}, took ${formatDuration(endedAt - release.requestedAt)}`,
    `- Build log: ${logUrl}`,
    `- Verification: ${passed} of ${release.checks.length} checks passed`,
    ...(release.backup === undefined ? [] : [`- Backup: \`${release.backup}\``]),
    ...release.appliedMigrations.map(({ database, identifier }) => `- Migration: ${database} \`${identifier}\``),
    "",
    "| Module | Commit |",
    "| --- | --- |",
    ...plan.actions.commits.map(({ module, commit }) => `| ${module} | \`${commit}\` |`),
    "",
    "| Service | Revision | Image | Address |",
    "| --- | --- | --- | --- |",
    ...plan.actions.services.filter((service) => service.role !== "job").map((service) => serviceRow(release, service)),
    "",
  ];
  return lines.join("\n");
}

function serviceRow(release: Release, planned: Release["plan"]["actions"]["services"][number]): string {
  const shift = release.shifts.find((candidate) => candidate.service === planned.service);
  const candidate = release.candidates[planned.service];
  const digest = candidate?.ready?.digest ?? planned.serving?.digest ?? "unknown";
  const revision = shift?.revision ?? planned.serving?.revision ?? "none";
  const address = shift?.done?.url ?? (planned.change === "unchanged" ? "unchanged" : "none");
  return `| ${planned.service} | ${revision} | \`${digest.slice(0, 19)}\` | ${address} |`;
}
