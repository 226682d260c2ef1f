import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Records of started processes, for systems without `/proc`: one file per run of the server, each line a process id
 * with its start time, since ids are given again. They find a process and its group, not what has left the group.
 */
export interface ProcessRecords {
  readonly directory: string;
  readonly owner: string;
}

/** Whether marks can be read here; records are kept where they cannot. */
export const HAS_PROC: boolean = existsSync("/proc/self/environ");

/** Notes a process just started. */
export function recordProcess({ directory, owner }: ProcessRecords, pid: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  appendFileSync(join(directory, `${owner}.jsonl`), `${JSON.stringify({ pid, started: startTimeOf(pid) })}\n`);
}

/** Processes that other runs of the server recorded and that are still the same ones. */
export function recordedLeftovers({ directory, owner }: ProcessRecords): readonly { readonly pid: number }[] {
  return filesOfOthers(directory, owner).flatMap((file) =>
    readFileSync(join(directory, file), "utf8")
      .split("\n")
      .flatMap((line) => {
        const record = parse(line);
        return record !== undefined && startTimeOf(record.pid) === record.started ? [{ pid: record.pid }] : [];
      }),
  );
}

/** Drops the records of other runs, once nothing of them is left. */
export function forgetLeftovers({ directory, owner }: ProcessRecords): void {
  for (const file of filesOfOthers(directory, owner)) rmSync(join(directory, file), { force: true });
}

function filesOfOthers(directory: string, owner: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((file) => file.endsWith(".jsonl") && file !== `${owner}.jsonl`);
}

function parse(line: string): { readonly pid: number; readonly started: string } | undefined {
  try {
    const { pid, started } = JSON.parse(line) as { pid?: unknown; started?: unknown };
    return typeof pid === "number" && typeof started === "string" ? { pid, started } : undefined;
  } catch {
    return undefined; // the last line of a server that died while it wrote
  }
}

function startTimeOf(pid: number): string | undefined {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 }).trim();
  } catch {
    return undefined; // there is no such process
  }
}
