import type { BuildConfig } from "../../core/build/build-config.ts";
import { parseBuildConfig } from "../../core/build/parse-build-config.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import { cancelBuild, createBuild, getBuild, listBuilds, type ShownBuild, uploadSource } from "../cloud-calls.ts";
import type { CommandContext } from "../command-context.ts";
import { fileNotFound } from "../problems.ts";
import { report, warn } from "../report.ts";

/** Pause between two looks at a build that runs. */
const POLL_MS = 250;
const LISTED = 20;

export interface SubmitOptions {
  readonly project: string;
  readonly config: string;
  readonly substitutions: Readonly<Record<string, string>>;
  /** Without a source the steps begin in an empty workspace. */
  readonly source: "folder" | "none";
  readonly wait: "until-end" | "none";
}

/** Runs a Cloud Build configuration on a folder of any repository, with its log as it comes. Exit 1 where it fails. */
export async function buildSubmit(context: CommandContext, options: SubmitOptions): Promise<number> {
  const text = await context.files.read(options.config);
  if (text === undefined) return report(context, [fileNotFound(options.config)]);
  const parsed = parseBuildConfig(text, options.config, options.source === "none" ? { source: "allowed" } : {});
  if (!parsed.ok) return report(context, parsed.problems);
  warn(context, parsed.warnings);
  const config: BuildConfig = {
    ...parsed.value,
    substitutions: { ...parsed.value.substitutions, ...options.substitutions },
  };
  const withSource = options.source === "none" ? config : await attachSource(context, options.project, config);
  if ("problems" in withSource) return report(context, withSource.problems);
  const started = await createBuild(context.server, options.project, withSource);
  if (!started.ok) return report(context, started.error);
  context.err(`Build ${started.value.id} (log: ${started.value.logUrl ?? ""})`);
  if (options.wait === "until-end") return follow(context, options.project, started.value.id);
  context.out(context.json ? JSON.stringify(started.value, undefined, 2) : started.value.id);
  return EXIT.success;
}

async function attachSource(context: CommandContext, project: string, config: BuildConfig) {
  const { archive, files } = await context.packSource();
  const name = `source/${context.clock.now()}-${context.ids.randomHex(8)}.tgz`;
  context.err(`Uploading ${files} files, ${archive.size} bytes`);
  const uploaded = await uploadSource(context.server, project, archive, name);
  return uploaded.ok ? { ...config, source: { storageSource: uploaded.value } } : { problems: uploaded.error };
}

async function follow(context: CommandContext, project: string, id: string): Promise<number> {
  for (let fromByte = 0; !context.signal.aborted; ) {
    // Asked for before the log: what is told after the end is then the whole of it.
    const build = await getBuild(context.server, project, id);
    if (!build.ok) return report(context, build.error);
    const log = await context.server.buildLog(id, fromByte);
    if (!log.ok) return report(context, log.error);
    if (log.value.text !== "") context.err(log.value.text.replace(/\n$/, ""));
    fromByte = log.value.next;
    if (isOver(build.value)) return finished(context, build.value);
    await context.clock.sleep(POLL_MS, context.signal);
  }
  context.err(`Build ${id} goes on. Its log: mobius build log ${id}   Stop it: mobius build cancel ${id}`);
  return EXIT.detached;
}

function isOver({ status }: ShownBuild): boolean {
  return status !== "QUEUED" && status !== "PENDING" && status !== "WORKING";
}

function finished(context: CommandContext, build: ShownBuild): number {
  if (context.json) context.out(JSON.stringify(build, undefined, 2));
  else context.out(`${build.id} ${build.status}${build.statusDetail === undefined ? "" : `: ${build.statusDetail}`}`);
  return build.status === "SUCCESS" ? EXIT.success : EXIT.failed;
}

/** The newest builds of a project. */
export async function buildList(context: CommandContext, project: string): Promise<number> {
  const builds = await listBuilds(context.server, project, LISTED);
  if (!builds.ok) return report(context, builds.error);
  if (context.json) context.out(JSON.stringify(builds.value, undefined, 2));
  else if (builds.value.length === 0) context.out(`No build in project ${project} yet.`);
  else
    for (const { id, status, createTime, tags } of builds.value)
      context.out(`${id}  ${status.padEnd(9)}  ${createTime}  ${(tags ?? []).join(" ")}`);
  return EXIT.success;
}

/** A build's log, as far as it goes now. */
export async function buildLog(context: CommandContext, id: string): Promise<number> {
  const log = await context.server.buildLog(id);
  if (!log.ok) return report(context, log.error);
  context.out(log.value.text.replace(/\n$/, ""));
  return EXIT.success;
}

/** Ends a build. */
export async function buildCancel(context: CommandContext, project: string, id: string): Promise<number> {
  const build = await cancelBuild(context.server, project, id);
  if (!build.ok) return report(context, build.error);
  context.out(context.json ? JSON.stringify(build.value, undefined, 2) : `Build ${id} is being cancelled.`);
  return EXIT.success;
}
