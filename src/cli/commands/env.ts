import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { gcloudVariables } from "../gcloud-variables.ts";
import { report } from "../report.ts";

/**
 * Variables for a shell that point `gcloud` at one environment of the embedded cloud: its endpoints, project and region, a
 * configuration of its own, and a token that reaches that environment only, in a file that only its owner can read.
 */
export async function env(context: CommandContext, environment: string): Promise<number> {
  const answer = await context.server.access(environment);
  if (!answer.ok) return report(context, answer.error);
  const { project, region, token, expiresAt } = answer.value;
  const folder = await context.keep(environment, { token });
  const variables = gcloudVariables({ server: context.server.url, folder, project, region });
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", expiresAt, variables }, undefined, 2));
  else for (const [name, value] of Object.entries(variables)) context.out(`export ${name}=${quoted(value)}`);
  context.err(`For this shell: eval "$(mobius env ${environment})". The token is good until ${expiresAt}.`);
  return EXIT.success;
}

/** A value as a shell reads it back, whatever it holds. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
