/** What commands ask of triggers on the server. */
import { err, ok } from "../core/values/result.ts";
import type { CommandContext } from "./command-context.ts";
import { triggerUnknown } from "./problems.ts";
import type { Answer } from "./server-client.ts";
import { readPlatform } from "./umbrella-files.ts";

const MISSING = 404;

/** A trigger as the API shows it. */
export interface ShownTrigger {
  readonly id: string;
  readonly name: string;
  readonly createTime: string;
  readonly disabled?: boolean;
  readonly webhookConfig?: { readonly secret: string };
  readonly github?: object;
}

/** One event that reached a trigger. */
export interface ShownDelivery {
  readonly id: string;
  readonly at: string;
  readonly verdict: string;
  readonly build?: string;
  readonly reason?: string;
}

/** A trigger and the path at which it is. */
export interface FoundTrigger {
  readonly path: string;
  readonly project: string;
  readonly trigger: ShownTrigger;
}

/** Where a project's triggers are; those of commands have no region. */
export function triggersOf(project: string): string {
  return `/v1/projects/${encodeURIComponent(project)}/locations/global/triggers`;
}

/** The trigger, in the environment that has it. */
export async function findTrigger(context: CommandContext, name: string): Promise<Answer<FoundTrigger>> {
  const platform = await readPlatform(context);
  if (!platform.ok) return err(platform.problems);
  for (const { project } of Object.values(platform.value.environments)) {
    const path = `${triggersOf(project)}/${encodeURIComponent(name)}`;
    const found = await context.server.google<ShownTrigger>("GET", path);
    if (found.ok) return ok({ path, project, trigger: found.value });
    if (found.error.status !== MISSING) return err(found.error.problems);
  }
  return err([triggerUnknown(name)]);
}

/** The name of the secret that a trigger's own address has. */
export function secretOf(trigger: string): string {
  return `trigger-${trigger}`;
}

/** The value of a version of a secret. */
export async function readSecret(context: CommandContext, version: string): Promise<Answer<string>> {
  const read = await context.server.google<{ payload: { data: string } }>("GET", `/v1/${version}:access`);
  return read.ok ? ok(Buffer.from(read.value.payload.data, "base64").toString()) : err(read.error.problems);
}

/** Destroys the value of a version of a secret for ever. */
export async function destroySecret(context: CommandContext, version: string): Promise<Answer<void>> {
  const destroyed = await context.server.google("POST", `/v1/${version}:destroy`, {});
  return destroyed.ok || destroyed.error.status === MISSING ? ok(undefined) : err(destroyed.error.problems);
}
