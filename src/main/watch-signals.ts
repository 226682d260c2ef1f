import { Socket } from "node:net";

export interface Signals {
  /** Aborts at the first interruption. */
  readonly signal: AbortSignal;
  /** 130 or 143 when the process was interrupted. */
  readonly exitCode: () => number | undefined;
}

/** A terminal sends Ctrl-C to the whole group, and the starter and npm pass it on: these are one. */
const ONE_KEY_PRESS_MS = 500;

/**
 * Ends what runs at the first Ctrl-C or SIGTERM, and the process at the second. The death of the process that started
 * this one counts as SIGTERM where that was arranged: its end of a pipe closes.
 */
export function watchSignals(say: (text: string) => void): Signals {
  const controller = new AbortController();
  let code: number | undefined;
  let firstAt = 0;
  const interrupt = (exit: number) => {
    if (code === undefined) {
      code = exit;
      firstAt = performance.now();
      controller.abort();
    } else if (performance.now() - firstAt > ONE_KEY_PRESS_MS) {
      process.exit(exit);
    }
  };
  process.on("SIGINT", () => {
    if (code === undefined) say("Stopping. Once more to leave at once.");
    interrupt(130);
  });
  process.on("SIGTERM", () => interrupt(143));
  process.on("SIGHUP", () => interrupt(129));
  watchParent(() => interrupt(143));
  return { signal: controller.signal, exitCode: () => code };
}

function watchParent(ended: () => void): void {
  const fd = Number(process.env.MOBIUS_PARENT_PIPE);
  delete process.env.MOBIUS_PARENT_PIPE; // not for what this process starts
  if (!Number.isInteger(fd) || fd < 3) return;
  // A socket, since only that can be told not to keep the process running.
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on("error", ended).on("end", ended).resume().unref();
}
