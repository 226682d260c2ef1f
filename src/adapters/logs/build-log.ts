import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as othersTurn } from "node:timers/promises";
import { stepIdentifier } from "../../core/build/step-graph.ts";
import type { Clock } from "../../ports/clock.ts";
import type { BuildLog } from "../../ports/step-logs.ts";
import { openLineIndex, readAtOnce } from "./line-index.ts";
import { type LogComposer, openLogComposer, type RawProgress, type Stored } from "./log-composer.ts";
import { type RawCopy, rawCopy } from "./raw-copy.ts";

/** How often the raw output of running steps is looked at. */
const POLL_MS = 50;
/** After so much copying in one go, others have their turn. */
const MAX_TURN_BYTES = 4 * 1024 * 1024;

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
  const log = withLosses(openLogComposer(directory));
  const following = new Map<number, { readonly end: AbortController; readonly done: Promise<void> }>();
  // The only step of a build has no prefix.
  const prefixOf = (step: number) =>
    stepIds.length === 1 ? "" : `${stepIdentifier(withoutUndefined(stepIds[step]), step)}: `;
  return {
    async line(text) {
      log.line(`${text}\n`);
    },
    stepFile: (step, attempt) => stepLogFile(directory, step, attempt),
    async stepStarted(step, attempt) {
      const end = new AbortController();
      const name = `${step}-${attempt}`;
      const path = stepLogFile(directory, step, attempt);
      const copy = rawCopy({ composer: log.composer, path, name, prefix: prefixOf(step) });
      const afterTurn = async () => {
        await bringIndexUpToDate(join(directory, "log.txt"));
        await othersTurn();
      };
      const done = (async () => {
        while (!end.signal.aborted) {
          await copyAll(copy, "running", afterTurn);
          await clock.sleep(POLL_MS, end.signal);
        }
        if ((await copyAll(copy, "ended", afterTurn)) === "no-space") log.lose(copy.left(), name);
        copy.close();
      })();
      following.set(step, { end, done });
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
      log.close();
      onClose();
    },
  };
}

/** Copies all that is complete, in turns. */
async function copyAll(copy: RawCopy, state: "running" | "ended", afterTurn: () => Promise<void>): Promise<Stored> {
  let inTurn = 0;
  for (;;) {
    const { bytes, stored } = copy.next(state);
    if (stored === "no-space" || bytes === 0) return stored;
    inTurn += bytes;
    if (inTurn < MAX_TURN_BYTES) continue;
    inTurn = 0;
    await afterTurn();
  }
}

/** So that whoever looks at the end of a long log does not wait for it. A step's own has its index when it is looked at. */
async function bringIndexUpToDate(path: string): Promise<void> {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    using _ = await openLineIndex({ path, file, readAt: readAtOnce });
  } catch {
    // The disk is full, perhaps: the index is made when somebody asks for lines.
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

interface LossyLog {
  /** Adds what was lost before to the log, where there is space for it now. */
  readonly composer: LogComposer;
  line(text: string): void;
  /** The rest of a raw file will not get into the log. */
  lose(bytes: number, name: string): void;
  close(): void;
}

/** A disk that is full does not end a build: one line says how much is missing once there is space again. */
function withLosses(composer: LogComposer): LossyLog {
  let lost = 0;
  const lossLine = () => Buffer.from(`[${lost} bytes of output were lost: no space left on device]\n`);
  const append: LogComposer["append"] = (write, progress?: RawProgress) => {
    const all: typeof write = (pass) => {
      if (lost > 0) pass(lossLine());
      write(pass);
    };
    const stored = composer.append(all, progress);
    if (stored === "stored") lost = 0;
    return stored;
  };
  return {
    composer: { ...composer, append },
    line(text) {
      const bytes = Buffer.from(text);
      if (append((pass) => pass(bytes)) === "no-space") lost += bytes.length;
    },
    lose(bytes, name) {
      lost += bytes;
      composer.skip({ name, bytes: composer.taken(name) + bytes });
    },
    close() {
      if (lost > 0 && append(() => {}) === "no-space") {
        lost += lossLine().length + 1;
        composer.replaceEnd(Buffer.concat([Buffer.from("\n"), lossLine()]));
      }
      composer.close();
    },
  };
}

function withoutUndefined(id: string | undefined): { readonly id?: string } {
  return id === undefined ? {} : { id };
}
