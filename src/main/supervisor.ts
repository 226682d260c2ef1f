/**
 * The supervisor: a small program that runs processes for a server and outlives it just long enough to end them.
 * Commands come as JSON lines on standard input; when that closes, the server is gone and everything here ends. A
 * process's exit record is on disk before the server hears of it, so that a new server never runs a finished step again.
 * Arguments: the directory for exit records, and one for process ids where there is no
 * `/proc`. Begin with `main`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { createInterface } from "node:readline";
import { openExitRecords } from "../adapters/executors/exit-records.ts";
import { findProgram } from "../adapters/executors/find-program.ts";
import { answerListens } from "../adapters/executors/listeners.ts";
import { markedProcesses, signal } from "../adapters/executors/marked-processes.ts";
import { createOutputPipes, type OutputPipe } from "../adapters/executors/output-pipes.ts";
import { DEFAULT_QUOTA_BYTES, type OutputRelay, openOutputRelay } from "../adapters/executors/output-relay.ts";
import { recordProcess } from "../adapters/executors/process-records.ts";
import {
  MARK_VARIABLE,
  OWNER_VARIABLE,
  type SupervisorCommand,
  type SupervisorReport,
} from "../adapters/executors/supervisor-protocol.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import type { ExitRecord } from "../ports/processes.ts";

/** What a process gets to end by itself when the server is gone, in milliseconds. */
const ABANDONED_GRACE_MS = 2_000;
/** A failing process may have failed because the server died a moment before us noticing; see `record`. */
const DOUBT_MS = 100;
/** Longest wait for output that somebody still holds open after the process ended. */
const DRAIN_MS = 5_000;
const POLL_MS = 10;
/** In so little time no machine hands out all of its process ids, so what a process started has a higher one. */
const SHORT_MS = 5_000;

const [directory = ".", pidDirectory = ""] = process.argv.slice(2);
const mark = process.env[MARK_VARIABLE] ?? "unmarked";
const owner = process.env[OWNER_VARIABLE] ?? "";
const parent = process.ppid;
const keep = openExitRecords(directory);
const pipes = createOutputPipes(directory);
const running = new Map<string, ChildProcess>();
let isAbandoned = false;

main();

function main(): void {
  process.stdout.on("error", () => {}); // the server is gone: the end of standard input says so too
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const command = read(line);
    if (command?.type === "start") start(command);
    else if (command !== undefined) void end(command.id, command.graceMs);
  });
  lines.on("close", () => void abandon());
  answerListens();
  process.on("uncaughtException", () => void abandon()); // a fault of ours must not leave processes behind
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => void abandon());
}

/** A server that is killed in the middle of a line leaves half of one; the end of the input follows it. */
function read(line: string): SupervisorCommand | undefined {
  try {
    return JSON.parse(line) as SupervisorCommand;
  } catch {
    return undefined;
  }
}

/** The server is gone, or wants nothing more: what it ran is ended, without exit records, as nothing ended by itself. */
async function abandon(): Promise<void> {
  if (isAbandoned) return;
  isAbandoned = true;
  await Promise.all([...running.keys()].map((id) => end(id, ABANDONED_GRACE_MS)));
  killStrays(mark);
  process.exit(0);
}

type StartCommand = Extract<SupervisorCommand, { type: "start" }>;

function start(command: StartCommand): void {
  const { id, argv, cwd } = command;
  const program = findProgram(argv[0] ?? "", command.env.PATH ?? "", cwd);
  if (program === undefined) {
    finish(id, { kind: "not-started", reason: `exec: "${argv[0]}": executable file not found in $PATH` });
    return;
  }
  try {
    run(command, program);
  } catch (error) {
    finish(id, { kind: "not-started", reason: String(error) });
  }
}

function run(command: StartCommand, program: string): void {
  const { id, argv, wrap = [], cwd, logPath, mask, quotaBytes = DEFAULT_QUOTA_BYTES } = command;
  const output = openOutputRelay({ path: logPath, mask, quotaBytes });
  const pipe = pipes.open();
  const startedMs = systemClock.monotonicMs();
  const env = { ...command.env, [MARK_VARIABLE]: `${mark}/${id}`, [OWNER_VARIABLE]: owner };
  const [first = program, ...args] = [...wrap, program, ...argv.slice(1)];
  const child = spawn(first, args, { cwd, env, detached: true, stdio: ["ignore", pipe.input, pipe.input] });
  closeSync(pipe.input);
  const drained = pipe.read(output.take);
  child.on("error", (error) => {
    pipe.close();
    output.end();
    finish(id, { kind: "not-started", reason: error.message });
  });
  child.on("spawn", () => {
    running.set(id, child);
    if (pidDirectory !== "") recordProcess({ directory: pidDirectory, owner }, child.pid ?? 0);
    report({ type: "started", id, pid: child.pid ?? 0 });
  });
  child.on("exit", (code, name) => {
    void settle({ id, child, pipe, output, drained, outcome: outcomeOf(code, name), startedMs });
  });
}

interface Ended {
  readonly id: string;
  readonly child: ChildProcess;
  readonly pipe: OutputPipe;
  readonly output: OutputRelay;
  readonly drained: Promise<void>;
  readonly outcome: ExitRecord["outcome"];
  readonly startedMs: number;
}

/** After a process: nothing of it is left, its output is stored, its record is on disk. In this order. */
async function settle({ id, child, pipe, output, drained, outcome, startedMs }: Ended): Promise<void> {
  killGroup(child, "SIGKILL");
  const isShort = systemClock.monotonicMs() - startedMs < SHORT_MS;
  killStrays(`${mark}/${id}`, isShort ? child.pid : undefined);
  const enough = new AbortController();
  await Promise.race([drained, systemClock.sleep(DRAIN_MS, enough.signal)]);
  enough.abort();
  pipe.close();
  output.end();
  // A client of a server that was killed fails before we see our input end: such a failure is not the process's own.
  if (outcome.kind !== "exited" || outcome.code !== 0) await systemClock.sleep(DOUBT_MS);
  running.delete(id);
  finish(id, outcome);
}

function finish(id: string, outcome: ExitRecord["outcome"]): void {
  if (isAbandoned || process.ppid !== parent) return;
  try {
    keep({ id, outcome });
  } catch {
    // The disk is full. The server lives and hears of it now; only one that starts later would run the step again.
  }
  report({ type: "exited", id, outcome });
}

/** The kill ladder: a polite signal to the group, the grace, then the end of all that bears the mark. */
async function end(id: string, graceMs: number): Promise<void> {
  const child = running.get(id);
  if (child === undefined) return;
  killGroup(child, "SIGTERM");
  const deadline = systemClock.monotonicMs() + graceMs;
  while (isAlive(child) && systemClock.monotonicMs() < deadline) await systemClock.sleep(POLL_MS);
  killGroup(child, "SIGKILL");
  killStrays(`${mark}/${id}`);
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function killGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined) signal(-child.pid, name);
}

/** A process that made a session of its own is in no group of ours; its environment still says whose it is. */
function killStrays(of: string, startedBy?: number): void {
  for (let round = 0; round < 5; round++) {
    const strays = markedProcesses(of, startedBy);
    if (strays.length === 0) return;
    for (const stray of strays) signal(stray.pid, "SIGKILL");
  }
}

function outcomeOf(code: number | null, name: NodeJS.Signals | null): ExitRecord["outcome"] {
  return code === null ? { kind: "signalled", signal: name ?? "an unknown signal" } : { kind: "exited", code };
}

function report(message: SupervisorReport): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
