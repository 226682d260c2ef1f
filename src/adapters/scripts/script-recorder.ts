import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { answerCall, RECORDED_PROGRAMS } from "../../core/adoption/answer-call.ts";
import type { RecordedScript } from "../../core/adoption/recorded-script.ts";
import { looksLikeCredential } from "../../core/values/looks-like-credential.ts";
import { ok } from "../../core/values/result.ts";
import type { ScriptRecorder, ScriptRecording } from "../../ports/script-recorder.ts";
import type { Source } from "../../ports/source.ts";
import { systemClock } from "../system/system-clock.ts";
import { askGcloud } from "./ask-gcloud.ts";
import { openRecordingEndpoint } from "./recording-endpoint.ts";

export interface ScriptRecorderOptions {
  readonly source: Source;
  /** Node, and the program that stands in for others. */
  readonly node: string;
  readonly standIn: string;
  readonly searchPath: string;
}

const GRACE_MS = 1_000;
const OUTPUT_LINES = 20;
const MAX_LINE = 400;

/**
 * Runs a script so that nothing outside is reached: a clean checkout, an empty HOME, no input, every program that reaches
 * outside replaced by one of ours that grants everything and writes it down, and a proxy that refuses the rest. Whatever the
 * script started ends with it. Where the machine has gcloud, it is asked which of the calls it would refuse.
 */
export function createScriptRecorder(options: ScriptRecorderOptions): ScriptRecorder {
  return async (request) => {
    const folder = await mkdtemp(join(tmpdir(), "mobius-script-"));
    try {
      const umbrella = join(folder, "umbrella");
      for (const { url, commit, path } of request.checkouts) {
        const made = await options.source.checkout(url, commit, join(umbrella, path));
        if (!made.ok) return made;
      }
      for (const [path, text] of Object.entries(request.files)) {
        await mkdir(dirname(join(umbrella, path)), { recursive: true });
        await writeFile(join(umbrella, path), text);
      }
      return ok(await record(options, request, folder, umbrella));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

async function record(options: ScriptRecorderOptions, request: ScriptRecording, folder: string, umbrella: string) {
  await using endpoint = await openRecordingEndpoint(answerCall);
  const [home, programs] = [join(folder, "home"), join(folder, "programs")];
  await Promise.all([home, programs].map((each) => mkdir(each)));
  for (const name of RECORDED_PROGRAMS) {
    const line = `exec '${options.node}' '${options.standIn}' '${endpoint.url}' ${name} "$@"`;
    await writeFile(join(programs, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
  const script = await readFile(join(umbrella, request.script), "utf8").catch(() => "");
  const child = spawn(...commandLine(request, umbrella), {
    cwd: umbrella,
    env: environment(request.variables, { home, proxy: endpoint.url, path: `${programs}:${options.searchPath}` }),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) keepLast(stream, output);
  const ended = await endOf(child, request);
  const calls = await askGcloud(endpoint.calls, {
    cwd: umbrella,
    home,
    searchPath: options.searchPath,
    signal: request.signal,
  });
  return { recorded: { calls, hosts: endpoint.hosts, ended, output }, script };
}

function commandLine({ script, args }: ScriptRecording, umbrella: string): [string, string[]] {
  const file = join(umbrella, script);
  // As a step of a release runs it, but for the right to execute that git may not have recorded.
  return script.endsWith(".sh") ? ["bash", [file, ...args]] : [file, [...args]];
}

/** Nothing of the person's own environment; every way out leads to the endpoint. */
function environment(
  variables: Readonly<Record<string, string>>,
  { home, proxy, path }: { readonly home: string; readonly proxy: string; readonly path: string },
): NodeJS.ProcessEnv {
  const proxies = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
  return {
    ...Object.fromEntries(proxies.map((name) => [name, proxy])),
    HOME: home,
    CLOUDSDK_CONFIG: join(home, "gcloud"),
    // No machine of Google's lends the script an identity.
    GCE_METADATA_HOST: "127.0.0.1:1",
    GIT_TERMINAL_PROMPT: "0",
    TERM: "dumb",
    LC_ALL: "C.UTF-8",
    ...variables,
    PATH: path,
  };
}

async function endOf(
  child: ReturnType<typeof spawn>,
  { deadlineMs, signal }: ScriptRecording,
): Promise<RecordedScript["ended"]> {
  const over = new AbortController();
  const exited = new Promise<number>((resolve) => {
    child.on("error", () => resolve(127));
    child.on("exit", (code) => resolve(code ?? 128));
  });
  const closed = new Promise<void>((resolve) => void child.on("close", () => resolve()));
  const late = systemClock.sleep(deadlineMs, AbortSignal.any([signal, over.signal])).then(() => "late" as const);
  const first = await Promise.race([exited, late]);
  // What it left running ends with it, and would hold its output open.
  if (first === "late") signalGroup(child.pid, "SIGTERM");
  await Promise.race([closed, systemClock.sleep(GRACE_MS, over.signal)]);
  signalGroup(child.pid, "SIGKILL");
  over.abort();
  return first === "late" ? { kind: "deadline", afterMs: deadlineMs } : { kind: "exited", code: first };
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // Nothing of the group is left.
  }
}

/** The last lines; one that may hold a credential is not shown. */
function keepLast(stream: Readable, output: string[]): void {
  createInterface({ input: stream }).on("line", (line) => {
    output.push(looksLikeCredential("", line) ? "(a line that is not shown)" : line.slice(0, MAX_LINE));
    if (output.length > OUTPUT_LINES) output.shift();
  });
}
