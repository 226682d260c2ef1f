import {
  isNothingToDo,
  type Plan,
  type PlannedConnections,
  type PlannedMigration,
  type PlannedService,
} from "../plan/plan.ts";
import type { Canary } from "../platform/platform.ts";
import { count } from "../values/count.ts";
import { formatDuration } from "../values/time.ts";
import { changeLines, outlookLines, type PlanOutlook } from "./plan-outlook.ts";

/** A plan for people, as `mobius plan` prints it: what will change and why, in the order in which it will happen. */
export function planText(plan: Plan, outlook?: PlanOutlook): string {
  const { actions, manifest } = plan;
  const where = `${plan.environment} (${plan.project}, ${plan.region})`;
  const { rollback } = actions;
  const title =
    rollback === undefined ? `Plan for ${where} from ${manifest.file}` : `Rollback of ${where} to ${rollback.to}`;
  const head = [title, `digest ${plan.digest}`];
  const told = outlook === undefined ? [] : outlookLines(plan, outlook);
  const changes = outlook === undefined ? new Map<string, readonly string[]>() : changeLines(outlook);
  if (isNothingToDo(plan))
    return [
      ...head,
      "",
      `Nothing to do: what is released is what ${rollback?.to ?? "the manifest"} says.`,
      ...told,
    ].join("\n");
  return [
    ...head,
    ...section(
      "Commits",
      actions.commits.flatMap((commit) => [
        commitLine(commit),
        ...(changes.get(commit.module) ?? []).map((line) => `      ${line}`),
      ]),
    ),
    ...section("Images", actions.builds.map(buildLine)),
    ...section("Migrations", actions.migrations.map(migrationLine)),
    ...section("Services", actions.services.flatMap(serviceLines)),
    ...section("Traffic", canaryLines(actions.canary)),
    ...section("Flags and overrides", [
      ...actions.flags.map((flag) => `  ${flag.name} = ${flag.value}`),
      ...actions.overrides.map((override) => `  ${override.name} = ${override.value}`),
    ]),
    ...section("Connections to databases", (plan.informative.connections ?? []).map(connectionsLine)),
    ...section(
      "Rewritten by aliases",
      plan.informative.rewrites.map(({ from, to }) => `  ${from} → ${to}`),
    ),
    ...section(
      "Migration files neither applied nor named",
      plan.informative.unnamedMigrations.map(({ module, identifier }) => `  ${module}: ${identifier}`),
    ),
    ...section(
      "Notes",
      plan.informative.notes.map((note) => `  ${note}`),
    ),
    ...told,
    "",
    summaryLine(plan),
  ].join("\n");
}

/** One line that counts what a plan would do. */
export function summaryLine(plan: Plan): string {
  const { builds, migrations, services } = plan.actions;
  const changed = (change: PlannedService["change"]) => services.filter((service) => service.change === change).length;
  return [
    `${count(builds.filter((build) => build.state.kind === "to-build").length, "image")} to build`,
    `${count(migrations.filter((migration) => migration.state === "to-apply").length, "migration")} to apply`,
    `${count(changed("create"), "service")} to create`,
    `${changed("update")} to update`,
    `${changed("unchanged")} unchanged`,
  ].join(", ");
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

function commitLine(commit: Plan["actions"]["commits"][number]): string {
  const { module, ref, from } = commit;
  const to = commit.commit.slice(0, 12);
  const written = ref === commit.commit ? "" : ` (${ref})`;
  if (from === undefined) return `  + ${module} ${to}${written}`;
  return from === commit.commit
    ? `    ${module} ${to}${written}`
    : `  ~ ${module} ${from.slice(0, 12)} → ${to}${written}`;
}

function buildLine(build: Plan["actions"]["builds"][number]): string {
  if (build.state.kind === "to-build") return `  + ${build.image}: build (key ${build.key.slice(7, 19)})`;
  return `    ${build.image}: present ${build.state.digest.slice(7, 19)}`;
}

function migrationLine(migration: PlannedMigration): string {
  const mark = migration.state === "to-apply" ? "+" : " ";
  const when = migration.when === "before" ? "" : ", after the soak";
  return `  ${mark} ${migration.database}: ${migration.identifier} (${migration.kind}${when})${migration.state === "applied" ? " applied" : ""}`;
}

function canaryLines(canary: Canary | undefined): readonly string[] {
  if (canary === undefined) return [];
  const { services, steps, gates } = canary;
  const asked = [
    ...(gates.errorRatePercent === undefined ? [] : [`at most ${gates.errorRatePercent} % failed`]),
    ...(gates.latencyP95Ratio === undefined ? [] : [`p95 at most ${gates.latencyP95Ratio} × the serving revision's`]),
  ];
  return [
    ...steps.map(
      ({ percent, bakeMs }, index) =>
        `    canary step ${index + 1}: ${percent} % of ${services.join(", ")} for ${formatDuration(bakeMs)}`,
    ),
    `    each passes with at least ${count(gates.minRequests, "request")}${asked.map((each) => `, ${each}`).join("")}`,
    "    then all of the set",
  ];
}

function connectionsLine({ database, needed, limit, parts }: PlannedConnections): string {
  return `    ${database ?? "the server"}: at most ${needed} of ${limit} (${parts.join(", ")})`;
}

function serviceLines(service: PlannedService): readonly string[] {
  const mark = { create: "+", update: "~", unchanged: " " }[service.change];
  const role = service.role === "api" ? "" : ` (${service.role})`;
  return [
    `  ${mark} ${service.service}${role}: ${service.change}`,
    ...service.reasons.map((reason) => `      ${reason}`),
  ];
}
