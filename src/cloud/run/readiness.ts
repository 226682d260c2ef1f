import { open } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import type { Clock } from "../../ports/clock.ts";
import type { StartupProbe } from "./instance-spec.ts";

/** Cloud Run asks once a period; asking more often only finds a ready instance sooner. */
const PERIOD_MS = 50;
const ATTEMPT_MS = 2_000;
/** How much of a log is read to find its last lines. */
const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 10;

/** Asks an instance until it is ready; false when the time is over or the signal aborts. */
export async function becomesReady(
  target: { readonly port: number; readonly probe: StartupProbe },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  const { port, probe } = target;
  const deadline = clock.monotonicMs() + probe.withinMs;
  while (!signal.aborted && clock.monotonicMs() < deadline) {
    const isReady = probe.path === undefined ? await isListening(port) : await isWell(port, probe.path);
    // An answer that came after the instance ended is not its own.
    if (isReady && !signal.aborted) return true;
    await clock.sleep(PERIOD_MS, signal);
  }
  return false;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: ATTEMPT_MS });
    const end = (isReady: boolean) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
    socket.on("timeout", () => end(false));
  });
}

function isWell(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path, timeout: ATTEMPT_MS, agent: false }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
      asked.destroy();
    });
    asked.on("error", () => resolve(false));
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.end();
  });
}

/** A port that nothing listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** The last lines that were written after the offset; none where there is no such file. */
export async function lastLines(path: string, offset: number): Promise<readonly string[]> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const from = Math.max(offset, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - from)), { position: from });
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
    return lines.filter((line) => line.trim() !== "").slice(-TAIL_LINES);
  } finally {
    await file.close();
  }
}
