/**
 * Pipes for the output of processes: one for both streams, so that their order stays what it was, and a real pipe, so that
 * `> /dev/stderr` works in a process, which it does not with the sockets that Node gives. Node makes no pipes, so `mkfifo`
 * does, for several processes at once; each pipe serves one process after the other. Begin with `createOutputPipes`.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/** What a pipe holds; a read never gives more. Source: pipe(7). */
const PIPE_BYTES = 64 * 1024;
/** So many are made at once: making them starts a program. */
const MADE_AT_ONCE = 4;
/** Where a pipe can be opened again that has no name any more. */
const OPEN_FILES = "/proc/self/fd";
const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin";

/** A pipe for one process. */
export interface OutputPipe {
  /** The end for the process, as a file descriptor. Close it once the process has it. */
  readonly input: number;
  /** Gives all that comes, and resolves when nobody holds the other end any more. A chunk is valid during the call. */
  read(take: (chunk: Uint8Array) => void): Promise<void>;
  /** Stops reading, whoever still writes. */
  close(): void;
}

/** The pipes of one supervisor. */
export interface OutputPipes {
  /** Throws where the machine cannot make pipes. */
  open(): OutputPipe;
}

interface Slot {
  /** Held open for reading, so that the pipe lives on. */
  readonly keeper: number;
  readonly path: string;
  readonly buffer: Buffer;
}

/** Pipes that are made in a folder, where other processes have no business. */
export function createOutputPipes(directory: string): OutputPipes {
  const free: Slot[] = [];
  let made = 0;
  const make = () => {
    const paths = Array.from({ length: MADE_AT_ONCE }, () => join(directory, `output-${process.pid}-${made++}.pipe`));
    const { error, status, stderr } = spawnSync("mkfifo", ["-m", "600", ...paths], { env: { PATH: SYSTEM_PATH } });
    if (error !== undefined || status !== 0) throw error ?? new Error(`mkfifo: ${stderr}`);
    free.push(...paths.map(slotOf));
  };
  return {
    open() {
      if (free.length === 0) make();
      const slot = free.pop();
      if (slot === undefined) throw new Error("no pipe was made");
      return openPipe(slot, () => free.push(slot));
    },
  };
}

/** Without a name, no other process can open it. */
function slotOf(path: string): Slot {
  const keeper = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.allocUnsafeSlow(PIPE_BYTES);
  if (!existsSync(OPEN_FILES)) return { keeper, path, buffer };
  unlinkSync(path);
  return { keeper, path: `${OPEN_FILES}/${keeper}`, buffer };
}

function openPipe({ keeper, path, buffer }: Slot, free: () => void): OutputPipe {
  const input = openSync(path, constants.O_WRONLY);
  const output = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let socket: Socket | undefined;
  return {
    input,
    read(take) {
      return new Promise((resolve) => {
        let isWhole = false;
        const callback = (count: number, chunk: Uint8Array) => {
          take(chunk.subarray(0, count));
          return true;
        };
        socket = new Socket({ fd: output, readable: true, writable: false, onread: { buffer, callback } });
        socket.on("end", () => {
          isWhole = true;
        });
        socket.on("error", () => {}); // `close` follows
        socket.on("close", () => {
          // What somebody may still write does not get into the next process's output.
          if (isWhole) free();
          else closeSync(keeper);
          resolve();
        });
        socket.resume();
      });
    },
    close: () => void socket?.destroy(),
  };
}
