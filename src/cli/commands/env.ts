import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** APIs of Google's that the server answers. */
const APIS = [
  "CLOUDBUILD",
  "SECRETMANAGER",
  "STORAGE",
  "SERVICEUSAGE",
  "LOGGING",
  "MONITORING",
  "ARTIFACTREGISTRY",
  "CLOUDRESOURCEMANAGER",
];
/** gcloud puts the region before this name, so it cannot be an address; the server answers to it as gcloud's proxy. */
const RUN = "http://run.mobius.internal/";

/**
 * Variables for a shell that point `gcloud` at one environment of the embedded cloud: its endpoints, project and region, a
 * configuration of its own, and a token that reaches that environment only, in a file that only its owner can read.
 */
export async function env(context: CommandContext, environment: string): Promise<number> {
  const answer = await context.server.access(environment);
  if (!answer.ok) return report(context, answer.error);
  const { project, region, token, expiresAt } = answer.value;
  const folder = await context.keep(environment, { token });
  const url = `${context.server.url}/`;
  const { hostname, port } = new URL(url);
  const variables: Readonly<Record<string, string>> = {
    CLOUDSDK_CONFIG: `${folder}/gcloud`,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: `${folder}/token`,
    CLOUDSDK_CORE_PROJECT: project,
    CLOUDSDK_RUN_REGION: region,
    CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "1",
    CLOUDSDK_PROXY_TYPE: "http",
    CLOUDSDK_PROXY_ADDRESS: hostname,
    CLOUDSDK_PROXY_PORT: port,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: RUN,
    ...Object.fromEntries(APIS.map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`, url])),
  };
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", expiresAt, variables }, undefined, 2));
  else for (const [name, value] of Object.entries(variables)) context.out(`export ${name}=${quoted(value)}`);
  context.err(`For this shell: eval "$(mobius env ${environment})". The token is good until ${expiresAt}.`);
  return EXIT.success;
}

/** A value as a shell reads it back, whatever it holds. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
