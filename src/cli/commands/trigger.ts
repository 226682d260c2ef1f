import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";
import {
  destroySecret,
  findTrigger,
  type ShownDelivery,
  type ShownTrigger,
  secretOf,
  triggersOf,
} from "../trigger-calls.ts";
import { readPlatform, readUmbrellaFile } from "../umbrella-files.ts";

/** Lists the triggers of every environment. */
export async function listTriggers(context: CommandContext): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const rows: (ShownTrigger & { readonly environment: string })[] = [];
  for (const { name, project } of Object.values(platform.value.environments)) {
    const path = `${triggersOf(project)}?pageSize=1000`;
    const page = await context.server.google<{ triggers?: readonly ShownTrigger[] }>("GET", path);
    if (!page.ok) return report(context, page.error.problems);
    rows.push(...(page.value.triggers ?? []).map((trigger) => ({ ...trigger, environment: name })));
  }
  if (context.json) context.out(JSON.stringify(rows, undefined, 2));
  else if (rows.length === 0) context.out("No trigger yet: mobius trigger create webhook --name …");
  for (const row of context.json ? [] : rows) {
    const { environment, name, id, disabled } = row;
    const columns = [environment.padEnd(12), name.padEnd(24), kindOf(row).padEnd(8), id];
    context.out(`${columns.join(" ")}${disabled === true ? "  disabled" : ""}`);
  }
  return EXIT.success;
}

function kindOf({ webhookConfig, github }: ShownTrigger): string {
  if (webhookConfig !== undefined) return "webhook";
  return github === undefined ? "manual" : "github";
}

/** Runs a trigger; its build goes on by itself. */
export async function runTrigger(
  context: CommandContext,
  name: string,
  given: Readonly<Record<string, string>>,
): Promise<number> {
  const found = await findTrigger(context, name);
  if (!found.ok) return report(context, found.error);
  const typed = given._RELEASE_MANIFEST;
  // A manifest that is only at the remote is none of this folder's.
  const file = typed === undefined ? undefined : await readUmbrellaFile(context, typed);
  const substitutions = file?.ok === true ? { ...given, _RELEASE_MANIFEST: file.value.path } : given;
  const path = `${found.value.path}:run`;
  const started = await context.server.google<{ metadata: { build: { id: string } } }>("POST", path, {
    source: { substitutions },
  });
  if (!started.ok) return report(context, started.error.problems);
  const { id } = started.value.metadata.build;
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", build: id }, undefined, 2));
  else context.out(`Build ${id} is under way. Its log: mobius build log ${id}   The release: mobius status`);
  return EXIT.success;
}

/** What reached a trigger, newest first, and what came of each. */
export async function listDeliveries(context: CommandContext, name: string): Promise<number> {
  const found = await findTrigger(context, name);
  if (!found.ok) return report(context, found.error);
  const path = `${found.value.path}/deliveries`;
  const kept = await context.server.google<{ deliveries: readonly ShownDelivery[] }>("GET", path);
  if (!kept.ok) return report(context, kept.error.problems);
  const { deliveries } = kept.value;
  if (context.json) context.out(JSON.stringify(deliveries, undefined, 2));
  else if (deliveries.length === 0) context.out(`Nothing has reached trigger ${name} yet.`);
  for (const { at, verdict, build, reason, id } of context.json ? [] : deliveries) {
    context.out(`${at}  ${verdict.padEnd(9)}  ${build ?? reason ?? ""}  (${id})`);
  }
  return EXIT.success;
}

/** Removes a trigger, and destroys the secret that was made for it. */
export async function deleteTrigger(context: CommandContext, name: string): Promise<number> {
  const found = await findTrigger(context, name);
  if (!found.ok) return report(context, found.error);
  const { path, project, trigger } = found.value;
  const removed = await context.server.google("DELETE", path);
  if (!removed.ok) return report(context, removed.error.problems);
  const version = trigger.webhookConfig?.secret ?? "";
  if (version.startsWith(`projects/${project}/secrets/${secretOf(trigger.name)}/`)) {
    const destroyed = await destroySecret(context, version);
    if (!destroyed.ok) return report(context, destroyed.error);
  }
  context.out(
    context.json ? JSON.stringify({ apiVersion: "mobius/v1", deleted: name }) : `Trigger ${name} is removed.`,
  );
  return EXIT.success;
}
