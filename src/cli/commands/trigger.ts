import type { BuildConfig } from "../../core/build/build-config.ts";
import { parseBuildConfig } from "../../core/build/parse-build-config.ts";
import { environmentNamed } from "../../core/manifest/environments.ts";
import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import { renderBuild } from "../../core/plan/render-build.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { environmentUnknown } from "../../engine/releases/problems.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import { addSecretVersion } from "../cloud-calls.ts";
import type { CommandContext } from "../command-context.ts";
import { triggerUnknown } from "../problems.ts";
import { report } from "../report.ts";
import type { Answer } from "../server-client.ts";
import { readPlatform, readUmbrellaFile } from "../umbrella-files.ts";

export type TriggerKind = "webhook" | "push" | "manual";

export interface NewTrigger {
  readonly kind: TriggerKind;
  readonly name: string;
  readonly environment?: string;
  readonly config?: string;
  readonly substitutions: Readonly<Record<string, string>>;
  readonly branch: string;
  readonly approval: "needed" | "none";
}

/** A trigger as the API shows it. */
interface ShownTrigger {
  readonly id: string;
  readonly name: string;
  readonly createTime: string;
  readonly disabled?: boolean;
  readonly webhookConfig?: { readonly secret: string };
}

const MANIFEST_KEY = "_RELEASE_MANIFEST";
/** What a sender may put into the build: nothing that a shell or a path would take for more than a name. */
const SAFE = {
  [MANIFEST_KEY]: `${MANIFEST_KEY}.matches('^[A-Za-z0-9_][A-Za-z0-9_./-]*$') && !${MANIFEST_KEY}.contains('..')`,
  _GIT_REF: "_GIT_REF.matches('^[A-Za-z0-9_][A-Za-z0-9_./-]*$') && !_GIT_REF.contains('..')",
} as const;

/** Makes a trigger. One with a webhook gets a secret of its own, and its address is told once. */
export async function createTrigger(context: CommandContext, asked: NewTrigger): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const environment = await environmentOf(context, platform.value, asked);
  if (!environment.ok) return report(context, environment.error);
  const config = await configOf(context, platform.value, environment.value, asked);
  if (!config.ok) return report(context, config.error);
  const { project } = environment.value;
  const settings = settingsOf(asked, config.value);
  if (asked.kind === "manual") {
    const made = await context.server.google<ShownTrigger>("POST", triggersOf(project), settings);
    return made.ok ? told(context, { name: asked.name, id: made.value.id }) : report(context, made.error.problems);
  }
  const secret = context.ids.randomHex(24);
  const secretName = `trigger-${asked.name}`;
  const kept = await addSecretVersion(context.server, project, secretName, new TextEncoder().encode(secret));
  if (!kept.ok) return report(context, kept.error);
  const webhookConfig = { secret: `projects/${project}/secrets/${secretName}/versions/${kept.value.version}` };
  const made = await context.server.google<ShownTrigger>("POST", triggersOf(project), { ...settings, webhookConfig });
  if (!made.ok) return report(context, made.error.problems);
  const query = new URLSearchParams({ key: "mobius", secret });
  const url = `${context.server.url}${triggersOf(project)}/${asked.name}:webhook?${query}`;
  return told(context, { name: asked.name, id: made.value.id, url });
}

function told(context: CommandContext, made: { name: string; id: string; url?: string }): number {
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ...made }, undefined, 2));
  else {
    context.out(`Trigger ${made.name} (${made.id})`);
    if (made.url !== undefined)
      context.out(`POST to ${made.url}\nThe address holds the secret and is not shown again.`);
  }
  return EXIT.success;
}

/** The asked one, or the manifest's, or the first. */
async function environmentOf(
  context: CommandContext,
  platform: Platform,
  { environment, substitutions }: NewTrigger,
): Promise<Result<Environment, NonEmpty<Problem>>> {
  const known = Object.keys(platform.environments);
  const manifest = substitutions[MANIFEST_KEY];
  let name = environment ?? known[0] ?? "";
  if (environment === undefined && manifest !== undefined && !manifest.includes("$(")) {
    const file = await readUmbrellaFile(context, manifest);
    if (!file.ok) return err([file.error]);
    const parsed = parseManifest({ text: file.value.text, file: file.value.path, platform });
    if (!parsed.ok) return err(parsed.problems);
    name = parsed.value.environment;
  }
  const found = environmentNamed(platform, name);
  return found === undefined ? err([environmentUnknown(name, known)]) : ok(found);
}

async function configOf(
  context: CommandContext,
  platform: Platform,
  environment: Environment,
  { config, substitutions }: NewTrigger,
): Promise<Result<BuildConfig, NonEmpty<Problem>>> {
  const own = `cloudbuild.${environment.name}.yaml`;
  const text = config === undefined ? await context.files.read(own) : await readUmbrellaFile(context, config);
  if (text === undefined) {
    return ok(renderBuild({ platform, environment, manifestFile: substitutions[MANIFEST_KEY] ?? "" }));
  }
  if (typeof text !== "string" && !text.ok) return err([text.error]);
  const [content, file] = typeof text === "string" ? [text, own] : [text.value.text, text.value.path];
  const parsed = parseBuildConfig(content, file);
  return parsed.ok ? ok(parsed.value) : err(parsed.problems);
}

function settingsOf({ kind, name, substitutions, branch, approval }: NewTrigger, build: BuildConfig) {
  const pushed = kind === "push" ? { _GIT_REF: "$(body.after)", _REF: "$(body.ref)" } : {};
  const values = { ...substitutions, ...pushed };
  const guards = Object.entries(SAFE).flatMap(([key, guard]) => (key in values ? [guard] : []));
  const branches = kind === "push" ? [`_REF == ${JSON.stringify(`refs/heads/${branch}`)}`] : [];
  const filter = [...guards, ...branches].map((each) => `(${each})`).join(" && ");
  return {
    name,
    build,
    substitutions: values,
    ...(filter === "" ? {} : { filter }),
    ...(approval === "needed" ? { approvalConfig: { approvalRequired: true } } : {}),
  };
}

/** Lists the triggers of every environment. */
export async function listTriggers(context: CommandContext): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const rows: (ShownTrigger & { readonly environment: string })[] = [];
  for (const { name, project } of Object.values(platform.value.environments)) {
    const page = await context.server.google<{ triggers?: readonly ShownTrigger[] }>("GET", triggersOf(project));
    if (!page.ok) return report(context, page.error.problems);
    rows.push(...(page.value.triggers ?? []).map((trigger) => ({ ...trigger, environment: name })));
  }
  if (context.json) context.out(JSON.stringify(rows, undefined, 2));
  else if (rows.length === 0) context.out("No trigger yet: mobius trigger create webhook --name …");
  else {
    for (const { environment, name, id, webhookConfig, disabled } of rows) {
      const kind = webhookConfig === undefined ? "manual" : "webhook";
      context.out(
        `${environment.padEnd(12)} ${name.padEnd(24)} ${kind.padEnd(8)} ${id}${disabled ? "  disabled" : ""}`,
      );
    }
  }
  return EXIT.success;
}

/** Runs a trigger; its build goes on by itself. */
export async function runTrigger(
  context: CommandContext,
  name: string,
  substitutions: Readonly<Record<string, string>>,
): Promise<number> {
  const found = await findTrigger(context, name);
  if (!found.ok) return report(context, found.error);
  const started = await context.server.google<{ metadata: { build: { id: string } } }>("POST", `${found.value}:run`, {
    source: { substitutions },
  });
  if (!started.ok) return report(context, started.error.problems);
  const { id } = started.value.metadata.build;
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", build: id }, undefined, 2));
  else context.out(`Build ${id} is under way. Its log: mobius build log ${id}   The release: mobius status`);
  return EXIT.success;
}

/** Removes a trigger. */
export async function deleteTrigger(context: CommandContext, name: string): Promise<number> {
  const found = await findTrigger(context, name);
  if (!found.ok) return report(context, found.error);
  const removed = await context.server.google("DELETE", found.value);
  if (!removed.ok) return report(context, removed.error.problems);
  context.out(
    context.json ? JSON.stringify({ apiVersion: "mobius/v1", deleted: name }) : `Trigger ${name} is removed.`,
  );
  return EXIT.success;
}

/** The path of the trigger in the environment that has it. */
async function findTrigger(context: CommandContext, name: string): Promise<Answer<string>> {
  const platform = await readPlatform(context);
  if (!platform.ok) return err(platform.problems);
  for (const { project } of Object.values(platform.value.environments)) {
    const path = `${triggersOf(project)}/${encodeURIComponent(name)}`;
    const found = await context.server.google("GET", path);
    if (found.ok) return ok(path);
    if (found.error.status !== MISSING) return err(found.error.problems);
  }
  return err([triggerUnknown(name)]);
}

const MISSING = 404;

function triggersOf(project: string): string {
  return `/v1/projects/${encodeURIComponent(project)}/locations/global/triggers`;
}
