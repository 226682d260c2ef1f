import { judgeScript } from "../../core/adoption/judge-script.ts";
import { renderScriptReports, type ScriptReport } from "../../core/adoption/script-report.ts";
import { environmentNamed } from "../../core/manifest/environments.ts";
import { newManifest } from "../../core/manifest/new-manifest.ts";
import { commitNotPushed, repositoryUnreachable } from "../../core/plan/problems.ts";
import type { Environment, Module, Platform } from "../../core/platform/platform.ts";
import { type CommitId, isCommitId } from "../../core/values/ids.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { closest } from "../../core/yaml/closest.ts";
import { environmentUnknown } from "../../engine/releases/problems.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { SourceRefusal } from "../../ports/source.ts";
import type { CommandContext } from "../command-context.ts";
import { moduleWithoutScript, scriptNotThere } from "../problems.ts";
import { report } from "../report.ts";
import { readPlatform } from "../umbrella-files.ts";

/** What a script gets to come to its end, where everything that it asks for is answered at once. */
const DEADLINE_MS = 60_000;

export interface DoctorScriptsOptions {
  /** All that have a script where none is named. */
  readonly modules: readonly string[];
  readonly environment: string;
  /** Instead of the platform file's, for a module whose script is not declared yet; relative to the module. */
  readonly script?: string;
  /** Passed on to the scripts instead of the manifest's path. */
  readonly args: readonly string[];
}

/**
 * Records each module's script from a clean checkout, with nothing outside reached, and judges what it would do to the
 * environment. Exit 1 where one has a problem.
 */
export async function doctorScripts(context: CommandContext, options: DoctorScriptsOptions): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const environment = environmentNamed(platform.value, options.environment);
  if (environment === undefined) {
    return report(context, [environmentUnknown(options.environment, Object.keys(platform.value.environments))]);
  }
  const chosen = chooseModules(platform.value, options);
  if (!chosen.ok) return report(context, chosen.error);
  const live = await liveVariables(context, platform.value, environment);
  const reports: ScriptReport[] = [];
  for (const { module, script } of chosen.value) {
    const examined = await examine(context, {
      platform: platform.value,
      environment,
      module,
      script,
      live,
      args: options.args,
    });
    if (!examined.ok) return report(context, [examined.error]);
    reports.push(examined.value);
  }
  if (context.json) {
    context.out(
      JSON.stringify({ apiVersion: "mobius/v1", environment: environment.name, scripts: reports }, undefined, 2),
    );
  } else context.out(reports.length === 0 ? "No module has a script of its own." : renderScriptReports(reports));
  return reports.some(({ findings }) => findings.some(({ severity }) => severity === "error"))
    ? EXIT.failed
    : EXIT.success;
}

interface ChosenScript {
  readonly module: Module;
  readonly script: string;
}

function chooseModules(
  platform: Platform,
  { modules, script }: DoctorScriptsOptions,
): Result<readonly ChosenScript[], readonly Problem[]> {
  const names = modules.length > 0 ? modules : Object.keys(platform.modules);
  const problems: Problem[] = [];
  const chosen = names.flatMap((name): ChosenScript[] => {
    const module = platform.modules[name];
    const path = script ?? module?.script;
    if (module !== undefined && path !== undefined) return [{ module, script: path }];
    if (modules.length > 0) problems.push(moduleWithoutScript(name, closest(name, Object.keys(platform.modules))));
    return [];
  });
  return problems.length > 0 ? err(problems) : ok(chosen);
}

interface Examination extends ChosenScript {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly live: Readonly<Record<string, readonly string[]>>;
  readonly args: readonly string[];
}

async function examine(context: CommandContext, examination: Examination): Promise<Result<ScriptReport, Problem>> {
  const { platform, environment, module, script, live, args } = examination;
  const checkouts = await checkoutsFor(context, platform, module);
  if (!checkouts.ok) return checkouts;
  const { umbrella, own } = checkouts.value;
  const { url, commit } = own ?? umbrella;
  const path = own === undefined && module.path !== "." ? `${module.path}/${script}` : script;
  if ((await context.source().readFile(url, commit, path)) === undefined) {
    return err(scriptNotThere(module.name, path, commit));
  }
  const releaseId = `recorded-run-${environment.name}`;
  const manifest = `release-manifests/${releaseId}.yaml`;
  const refs = module.source.kind === "repository" ? { [module.name]: commit } : {};
  const description = "Made for a recorded run of a script";
  const content = newManifest({ platform, environment: environment.name, releaseId, description, refs });
  const recorded = await context.recordScript({
    checkouts: checkouts.value.all,
    files: { [manifest]: content },
    script: module.path === "." ? script : `${module.path}/${script}`,
    args: args.length > 0 ? args : [manifest],
    variables: { MANIFEST_PATH: manifest },
    deadlineMs: DEADLINE_MS,
    signal: context.signal,
  });
  if (!recorded.ok) return err(refusal(module.name, recorded.error));
  const { recorded: run, script: text } = recorded.value;
  const judgement = judgeScript({ platform, environment, script: text, recorded: run, live });
  const { ended, output } = run;
  return ok({ module: module.name, script, commit, ended, output, calls: run.calls.length, ...judgement });
}

interface Checkout {
  readonly url: string;
  readonly commit: CommitId;
  readonly path: string;
}

interface Checkouts {
  readonly umbrella: Checkout;
  /** The module's, where it has a repository of its own. */
  readonly own: Checkout | undefined;
  readonly all: readonly Checkout[];
}

/** The umbrella as it is committed, and in it the module and its inputs at the commits that the umbrella has them at. */
async function checkoutsFor(
  context: CommandContext,
  platform: Platform,
  module: Module,
): Promise<Result<Checkouts, Problem>> {
  const source = context.source();
  const { directory } = context;
  const head = await commitOf(context, directory, "HEAD");
  if (!head.ok) return err(refusal("the umbrella", head.error));
  const links = (await source.list(directory, head.value, ".")).filter(({ kind }) => kind === "submodule");
  const inputs = module.inputs.flatMap((input) =>
    input.kind === "module" ? (platform.modules[input.module] ?? []) : [],
  );
  const umbrella: Checkout = { url: directory, commit: head.value, path: "." };
  const modules: Checkout[] = [];
  for (const each of [module, ...inputs]) {
    if (each.source.kind !== "repository") continue;
    const linked = links.find(({ path }) => path === each.path)?.object;
    const ref = linked !== undefined && isCommitId(linked) ? linked : "HEAD";
    const commit = await commitOf(context, each.source.url, ref);
    if (!commit.ok) return err(refusal(each.name, commit.error));
    modules.push({ url: each.source.url, commit: commit.value, path: each.path });
  }
  const own = modules.find(({ path }) => path === module.path);
  return ok({ umbrella, own, all: [umbrella, ...modules] });
}

async function commitOf(context: CommandContext, url: string, ref: string): Promise<Result<CommitId, SourceRefusal>> {
  const source = context.source();
  const refreshed = await source.refresh(url);
  return refreshed.ok ? source.resolve(url, ref) : refreshed;
}

function refusal(module: string, refused: SourceRefusal): Problem {
  if (refused.kind === "unreachable") return repositoryUnreachable(module, refused.url, refused.reason);
  return commitNotPushed(module, refused.ref, refused.url);
}

/** Variables that services have now; none where no server answers, which the platform file then speaks for alone. */
async function liveVariables(
  context: CommandContext,
  platform: Platform,
  { project, region }: Environment,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const live: Record<string, readonly string[]> = {};
  for (const name of Object.keys(platform.services)) {
    const path = `/v2/projects/${project}/locations/${region}/services/${name}`;
    const answer = await context.server.google<LiveService>("GET", path);
    if (answer.ok)
      live[name] = (answer.value.template?.containers?.[0]?.env ?? []).flatMap(({ name: variable }) => variable ?? []);
    else if (answer.error.status === 0) return live;
  }
  return live;
}

interface LiveService {
  readonly template?: { readonly containers?: readonly { readonly env?: readonly { readonly name?: string }[] }[] };
}
