import { request } from "node:http";
import { connect } from "node:net";
import type { Clock } from "../../ports/clock.ts";
import type { StartupProbe } from "./instance-spec.ts";

/** Cloud Run asks once a period; asking more often only finds a ready instance sooner. */
const PERIOD_MS = 50;
const ATTEMPT_MS = 2_000;

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
