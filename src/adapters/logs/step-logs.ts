/**
 * Build logs as files beneath `builds/<id>/`: `log.txt` in Cloud Build's layout, and `steps/step-<i>-try-<n>.log` with
 * each try's raw output. Begin with `createStepLogs`.
 */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { BuildLog, LogSelection, StepLogs } from "../../ports/step-logs.ts";
import { openBuildLog, stepLogFile } from "./build-log.ts";
import { openLineIndex, readAtOnce } from "./line-index.ts";
import { readLines } from "./read-lines.ts";
import { wholeCharacters } from "./whole-characters.ts";

/** Longest text of one read. */
const MAX_READ = 1024 * 1024;
/** How often a follower looks for more. */
const POLL_MS = 50;
/** A log that nobody writes and a reader that nobody ends: give up after a day. */
const MAX_FOLLOW_MS = 86_400_000;

/** Logs of builds in a folder. One per server: it knows which logs are still being written. */
export function createStepLogs(options: { readonly buildsDirectory: string; readonly clock: Clock }): StepLogs {
  const { buildsDirectory, clock } = options;
  const open = new Map<string, BuildLog>();
  return {
    async open({ id, stepIds }) {
      const log = openBuildLog({
        directory: join(buildsDirectory, id),
        stepIds,
        clock,
        onClose: () => open.delete(id),
      });
      open.set(id, log);
      return log;
    },
    read: async (request) => read(fileOf(buildsDirectory, request), request.fromByte),
    async lines(request) {
      const path = fileOf(buildsDirectory, request);
      const file = openIfThere(path);
      if (file === undefined) return { lines: [], total: 0 };
      try {
        const log = { path, file, readAt: readAtOnce };
        using index = await openLineIndex(log);
        return { lines: readLines({ ...log, index }, request.fromLine, request.count), total: index.lines };
      } finally {
        closeSync(file);
      }
    },
    async *follow(request, signal) {
      const deadline = clock.monotonicMs() + MAX_FOLLOW_MS;
      let at = request.fromByte;
      while (!signal.aborted && clock.monotonicMs() < deadline) {
        // Asked before reading: what is written between the two is read in the next round.
        const isOpen = open.has(request.build);
        const { text, next } = read(fileOf(buildsDirectory, request), at);
        at = next;
        if (text !== "") yield text;
        else if (!isOpen) return;
        else await clock.sleep(POLL_MS, signal);
      }
    },
  };
}

/** The newest try of a step, or the build's own log. */
function fileOf(buildsDirectory: string, { build, step }: LogSelection): string {
  const directory = join(buildsDirectory, build);
  if (step === undefined) return join(directory, "log.txt");
  let attempt = 1;
  while (existsSync(stepLogFile(directory, step, attempt + 1))) attempt++;
  return stepLogFile(directory, step, attempt);
}

function read(path: string, fromByte: number): { text: string; next: number } {
  const file = openIfThere(path);
  if (file === undefined) return { text: "", next: fromByte };
  try {
    const buffer = Buffer.alloc(MAX_READ);
    const bytes = buffer.subarray(0, readSync(file, buffer, 0, MAX_READ, fromByte));
    const whole = bytes.subarray(0, wholeCharacters(bytes));
    return { text: whole.toString("utf8"), next: fromByte + whole.length };
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined; // not begun yet
  }
}
