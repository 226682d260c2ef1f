import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Whether there is a gcloud to test with. */
export const HAS_GCLOUD = spawnSync("gcloud", ["version"]).status === 0;
if (!HAS_GCLOUD) console.warn("SKIPPED: tests with the real gcloud, which is not here.");

const LONGEST_MS = 60_000;

/**
 * Runs the real gcloud against a server, with a configuration of its own in the folder: its APIs at the server, as whoever has
 * the token. Gives what it printed.
 */
export function gcloudAgainst({
  url,
  folder,
  apis,
  token,
}: {
  readonly url: string;
  readonly folder: string;
  readonly apis: readonly string[];
  readonly token: string;
}): (...args: readonly string[]) => Promise<string> {
  const { hostname, port } = new URL(url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "token"), token);
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    CLOUDSDK_CONFIG: folder,
    CLOUDSDK_CORE_PROJECT: "p1",
    CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "1",
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(folder, "token"),
    ...Object.fromEntries(apis.map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`, `${url}/`])),
    // As `mobius env` has it: gcloud puts the region before the name, so the server is its proxy.
    ...(apis.includes("RUN")
      ? {
          CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: "http://run.mobius.internal/",
          CLOUDSDK_RUN_REGION: "us-central1",
          CLOUDSDK_PROXY_TYPE: "http",
          CLOUDSDK_PROXY_ADDRESS: hostname,
          CLOUDSDK_PROXY_PORT: port,
        }
      : {}),
  };
  return async (...args) => (await promisify(execFile)("gcloud", args, { env, timeout: LONGEST_MS })).stdout;
}
