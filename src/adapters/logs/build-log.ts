import { closeSync, mkdirSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { stepIdentifier } from "../../core/build/step-graph.ts";
import type { Clock } from "../../ports/clock.ts";
import type { BuildLog } from "../../ports/step-logs.ts";
import { type LogComposer, openLogComposer } from "./log-composer.ts";

const CHUNK = 64 * 1024;
/** How often the raw output of running steps is looked at. */
const POLL_MS = 50;

/** The raw output of one try. */
export function stepLogFile(directory: string, step: number, attempt: number): string {
  return join(directory, "steps", `step-${step}-try-${attempt}.log`);
}

interface Opening {
  readonly directory: string;
  readonly stepIds: readonly (string | undefined)[];
  readonly clock: Clock;
  readonly onClose: () => void;
}

/** Opens or continues a build's log. */
export function openBuildLog({ directory, stepIds, clock, onClose }: Opening): BuildLog {
  mkdirSync(join(directory, "steps"), { recursive: true, mode: 0o700 });
  const composer = openLogComposer(directory);
  const copy = copier(composer, directory, stepIds);
  const following = new Map<number, { readonly attempt: number; readonly end: AbortController; done: Promise<void> }>();
  return {
    async line(text) {
      composer.append(`${text}\n`);
    },
    stepFile: (step, attempt) => stepLogFile(directory, step, attempt),
    async stepStarted(step, attempt) {
      const end = new AbortController();
      const done = (async () => {
        while (!end.signal.aborted) {
          copy(step, attempt, "running");
          await clock.sleep(POLL_MS, end.signal);
        }
        copy(step, attempt, "ended");
      })();
      following.set(step, { attempt, end, done });
    },
    async stepEnded(step) {
      const follower = following.get(step);
      following.delete(step);
      follower?.end.abort();
      await follower?.done;
    },
    async close() {
      for (const { end } of following.values()) end.abort();
      await Promise.all([...following.values()].map(({ done }) => done));
      following.clear();
      composer.close();
      onClose();
    },
  };
}

/** Copies what is new in the raw file of a try into the log, line by line with the step's prefix. */
function copier(composer: LogComposer, directory: string, stepIds: readonly (string | undefined)[]) {
  // The only step of a build has no prefix.
  const prefixOf = (step: number) =>
    stepIds.length === 1 ? "" : `${stepIdentifier(withoutUndefined(stepIds[step]), step)}: `;
  return (step: number, attempt: number, state: "running" | "ended") => {
    const path = stepLogFile(directory, step, attempt);
    const name = `${step}-${attempt}`;
    for (;;) {
      const from = composer.taken(name);
      const lines = wholeLines(path, from, state);
      if (lines.bytes === 0) return;
      const text = lines.text.replace(/^(?=[^\n]|\n)/gm, prefixOf(step));
      composer.append(text, { name, bytes: from + lines.bytes });
    }
  };
}

function withoutUndefined(id: string | undefined): { readonly id?: string } {
  return id === undefined ? {} : { id };
}

/** The whole lines that stand in the file after `from`; at the end of the step also one that lacks its line break. */
function wholeLines(path: string, from: number, state: "running" | "ended"): { bytes: number; text: string } {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return { bytes: 0, text: "" };
  }
  try {
    const parts: Buffer[] = [];
    for (let at = from; ; ) {
      const buffer = Buffer.alloc(CHUNK);
      const count = readSync(file, buffer, 0, CHUNK, at);
      at += count;
      const part = buffer.subarray(0, count);
      const lastBreak = part.lastIndexOf(10);
      if (lastBreak >= 0) return taken([...parts, part.subarray(0, lastBreak + 1)], "");
      parts.push(part);
      if (count < CHUNK) return state === "ended" ? taken(parts, "\n") : { bytes: 0, text: "" };
    }
  } finally {
    closeSync(file);
  }
}

function taken(parts: readonly Buffer[], ending: string): { bytes: number; text: string } {
  const bytes = Buffer.concat(parts);
  return { bytes: bytes.length, text: bytes.length === 0 ? "" : bytes.toString("utf8") + ending };
}
