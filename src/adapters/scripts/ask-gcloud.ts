import { execFile } from "node:child_process";
import { access, constants, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordedCall } from "../../core/adoption/recorded-script.ts";
import { openRecordingEndpoint } from "./recording-endpoint.ts";

export interface AskGcloudOptions {
  readonly cwd: string;
  readonly home: string;
  readonly searchPath: string;
  readonly signal: AbortSignal;
}

const APIS = ["CLOUDBUILD", "SECRETMANAGER", "ARTIFACTREGISTRY", "SQL", "STORAGE", "SERVICEUSAGE", "IAM", "LOGGING"];
/** Commands that only ask an API; what opens a terminal or changes the installation of gcloud is never run. */
const ASKABLE = /^(run|builds|secrets|artifacts|sql|services|iam|logging) (?!.*\b(connect|proxy|ssh)\b)/;
const MAX_CALLS = 40;
const AT_ONCE = 2;
const LONGEST_MS = 60_000;
/** gcloud's exit code for arguments that it does not take. */
const USAGE = 2;

/**
 * Asks the machine's own gcloud, where there is one, which calls it refuses before it asks anybody. It runs with an empty
 * configuration, a token that nobody knows, and everything outside refused.
 */
export async function askGcloud(
  calls: readonly RecordedCall[],
  options: AskGcloudOptions,
): Promise<readonly RecordedCall[]> {
  const gcloud = await programIn(options.searchPath);
  const asked = new Map<string, readonly string[]>();
  for (const { program, argv } of calls) {
    if (
      program === "gcloud" &&
      ASKABLE.test(`${argv.filter((word) => !word.startsWith("-")).join(" ")} `) &&
      asked.size < MAX_CALLS
    ) {
      asked.set(argv.join("\0"), argv);
    }
  }
  if (gcloud === undefined || asked.size === 0) return calls;
  await using endpoint = await openRecordingEndpoint(() => ({ stdout: "", stderr: "", exit: 1 }));
  const env = await environment(options, endpoint.port);
  const refusals = new Map<string, string>();
  const queue = [...asked];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [key, argv] = next;
      const refusal = await refusalOf(gcloud, argv, { cwd: options.cwd, env, signal: options.signal });
      if (refusal !== undefined) refusals.set(key, refusal);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return calls.map((call) => {
    const refusal = call.program === "gcloud" ? refusals.get(call.argv.join("\0")) : undefined;
    return refusal === undefined ? call : { ...call, refusal };
  });
}

async function programIn(searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(":")) {
    const path = join(folder, "gcloud");
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder.startsWith("/") && isThere) return path;
  }
  return undefined;
}

async function environment({ home, searchPath }: AskGcloudOptions, port: number): Promise<NodeJS.ProcessEnv> {
  const config = join(home, "asked");
  await mkdir(config, { recursive: true });
  await writeFile(join(config, "token"), "nobody-knows-this-token");
  return {
    PATH: searchPath,
    HOME: home,
    CLOUDSDK_CONFIG: config,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(config, "token"),
    CLOUDSDK_CORE_PROJECT: "project-of-nobody",
    CLOUDSDK_RUN_REGION: "us-central1",
    CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "1",
    CLOUDSDK_PROXY_TYPE: "http",
    CLOUDSDK_PROXY_ADDRESS: "127.0.0.1",
    CLOUDSDK_PROXY_PORT: String(port),
    // gcloud puts the region before this name; the proxy answers to it.
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: "http://run.mobius.internal/",
    ...Object.fromEntries(
      APIS.map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`, `http://${api.toLowerCase()}.mobius.internal/`]),
    ),
  };
}

function refusalOf(
  gcloud: string,
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = execFile(
      gcloud,
      [...argv],
      { ...options, timeout: LONGEST_MS, killSignal: "SIGKILL" },
      (cause, _out, stderr) => {
        resolve(cause?.code === USAGE ? reasonIn(stderr) : undefined);
      },
    );
    child.stdin?.end();
  });
}

/** What it says of the arguments, on one line, without their values. */
function reasonIn(stderr: string): string {
  const from = stderr.slice(Math.max(stderr.indexOf("ERROR:"), 0));
  const [said = ""] = from
    .replace(/^ERROR: \([\w.-]+\) /, "")
    .split(/\n\s*(?:Usage:|To search|Maybe you meant|For detailed)/);
  return said
    .replace(/\s+/g, " ")
    .replace(/(--[a-z-]+)=\S+/g, "$1=…")
    .trim()
    .replace(/\.$/, "")
    .slice(0, 300);
}
