import type { BuildConfig } from "../../core/build/build-config.ts";
import { parseBuildConfig } from "../../core/build/parse-build-config.ts";
import { environmentNamed } from "../../core/manifest/environments.ts";
import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import { renderBuild } from "../../core/plan/render-build.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import type { TriggerSettings } from "../../core/trigger/trigger.ts";
import { validateTrigger } from "../../core/trigger/validate-trigger.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { environmentUnknown } from "../../engine/releases/problems.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import { addSecretVersion } from "../cloud-calls.ts";
import type { CommandContext } from "../command-context.ts";
import { triggerInvalid } from "../problems.ts";
import { report } from "../report.ts";
import type { Answer } from "../server-client.ts";
import { destroySecret, readSecret, type ShownTrigger, secretOf, triggersOf } from "../trigger-calls.ts";
import { readPlatform, readUmbrellaFile } from "../umbrella-files.ts";

export type TriggerKind = "webhook" | "push" | "manual";

export interface NewTrigger {
  readonly kind: TriggerKind;
  readonly name: string;
  readonly environment?: string;
  readonly config?: string;
  readonly substitutions: Readonly<Record<string, string>>;
  /** With `push`: the branch. */
  readonly branch: string;
  readonly approval: "needed" | "none";
  /** A secret of the environment's project, `name` or `name/version`, instead of one of its own. */
  readonly secret?: string;
}

const MANIFEST_KEY = "_RELEASE_MANIFEST";
/** What a sender may put into the build: nothing that a shell or a path would take for more than a name. */
const SAFE = {
  [MANIFEST_KEY]: `${MANIFEST_KEY}.matches('^[A-Za-z0-9_][A-Za-z0-9_./-]*$') && !${MANIFEST_KEY}.contains('..')`,
  _GIT_REF: "_GIT_REF.matches('^[A-Za-z0-9_][A-Za-z0-9_./-]*$') && !_GIT_REF.contains('..')",
} as const;
/** What GitHub and its like say of a push, and the id of a branch that is gone. */
const PUSHED = { _GIT_REF: "$(body.after)", _REF: "$(body.ref)" } as const;
const NO_COMMIT = "0".repeat(40);

/** Makes a trigger. One with a webhook gets a secret of its own, and its address is told once. */
export async function createTrigger(context: CommandContext, asked: NewTrigger): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const target = await targetOf(context, platform.value, asked);
  if (!target.ok) return report(context, target.error);
  const { environment, substitutions } = target.value;
  const config = await configOf(context, platform.value, environment, { ...asked, substitutions });
  if (!config.ok) return report(context, config.error);
  const settings = settingsOf({ ...asked, substitutions }, config.value);
  const valid = validateTrigger(settings);
  if (!valid.ok) return report(context, [triggerInvalid(asked.name, valid.error)]);
  const made = await makeTrigger(context, environment.project, asked, settings);
  if (!made.ok) return report(context, made.error);
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ...made.value }, undefined, 2));
  else {
    context.out(`Trigger ${made.value.name} (${made.value.id})`);
    if (made.value.url !== undefined) {
      context.out(`POST to ${made.value.url}\nThe address holds the secret and is not shown again.`);
    }
  }
  return EXIT.success;
}

interface MadeTrigger {
  readonly name: string;
  readonly id: string;
  readonly url?: string;
}

async function makeTrigger(
  context: CommandContext,
  project: string,
  { kind, name, secret: named }: NewTrigger,
  settings: TriggerSettings,
): Promise<Answer<MadeTrigger>> {
  const path = triggersOf(project);
  if (kind === "manual") {
    const made = await context.server.google<ShownTrigger>("POST", path, settings);
    return made.ok ? ok({ name, id: made.value.id }) : err(made.error.problems);
  }
  const secret =
    named === undefined ? await newSecret(context, project, name) : await givenSecret(context, project, named);
  if (!secret.ok) return secret;
  const { version, value } = secret.value;
  const made = await context.server.google<ShownTrigger>("POST", path, {
    ...settings,
    webhookConfig: { secret: version },
  });
  if (!made.ok) {
    if (named === undefined) await destroySecret(context, version); // nobody else knows it
    return err(made.error.problems);
  }
  const query = new URLSearchParams({ key: "mobius", secret: value });
  return ok({ name, id: made.value.id, url: `${context.server.url}${path}/${name}:webhook?${query}` });
}

interface WebhookSecret {
  /** Full name. */
  readonly version: string;
  readonly value: string;
}

async function newSecret(context: CommandContext, project: string, trigger: string): Promise<Answer<WebhookSecret>> {
  const value = context.ids.randomHex(24);
  const kept = await addSecretVersion(context.server, project, secretOf(trigger), new TextEncoder().encode(value));
  if (!kept.ok) return kept;
  return ok({ version: `projects/${project}/secrets/${secretOf(trigger)}/versions/${kept.value.version}`, value });
}

async function givenSecret(context: CommandContext, project: string, named: string): Promise<Answer<WebhookSecret>> {
  const [name = "", number = "latest"] = named.split("/");
  const version = `projects/${project}/secrets/${name}/versions/${number}`;
  const value = await readSecret(context, version);
  return value.ok ? ok({ version, value: value.value }) : value;
}

/**
 * The environment: the asked one, or the manifest's, or the first. A manifest in the umbrella is named from its folder on,
 * wherever the person was who typed it.
 */
async function targetOf(
  context: CommandContext,
  platform: Platform,
  { environment, substitutions }: NewTrigger,
): Promise<Result<{ environment: Environment; substitutions: NewTrigger["substitutions"] }, NonEmpty<Problem>>> {
  const known = Object.keys(platform.environments);
  const typed = substitutions[MANIFEST_KEY] ?? "";
  const file = typed === "" || typed.includes("$") ? undefined : await readUmbrellaFile(context, typed);
  let name = environment ?? known[0] ?? "";
  if (environment === undefined && file !== undefined) {
    if (!file.ok) return err([file.error]);
    const parsed = parseManifest({ text: file.value.text, file: file.value.path, platform });
    if (!parsed.ok) return err(parsed.problems);
    name = parsed.value.environment;
  }
  const found = environmentNamed(platform, name);
  if (found === undefined) return err([environmentUnknown(name, known)]);
  const path = file?.ok === true ? { [MANIFEST_KEY]: file.value.path } : {};
  return ok({ environment: found, substitutions: { ...substitutions, ...path } });
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

function settingsOf({ kind, name, substitutions, branch, approval }: NewTrigger, build: BuildConfig): TriggerSettings {
  const values = { ...(kind === "push" ? PUSHED : {}), ...substitutions };
  const guards = Object.entries(SAFE).flatMap(([key, guard]) => (key in values ? [guard] : []));
  const pushes = [`_REF == ${JSON.stringify(`refs/heads/${branch}`)}`, `_GIT_REF != ${JSON.stringify(NO_COMMIT)}`];
  const filter = [...guards, ...(kind === "push" ? pushes : [])].map((each) => `(${each})`).join(" && ");
  return {
    name,
    build,
    substitutions: values,
    ...(filter === "" ? {} : { filter }),
    ...(approval === "needed" ? { approvalConfig: { approvalRequired: true } } : {}),
  };
}
