import type { Clock } from "../../ports/clock.ts";
import type { Answer, Probe } from "../../ports/probe.ts";

const BODY_LIMIT_BYTES = 1024 * 1024;

/** A probe over the platform's own HTTP client. */
export function createProbe(clock: Clock): Probe {
  return {
    async request({ method, url, json, timeoutMs, signal }): Promise<Answer> {
      const startedMs = clock.monotonicMs();
      try {
        const response = await fetch(url, {
          method,
          redirect: "manual",
          signal: AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(timeoutMs))]),
          headers: { connection: "close", ...(json === undefined ? {} : { "content-type": "application/json" }) },
          ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        });
        const body = await readBody(response);
        const headers = Object.fromEntries(response.headers);
        return {
          kind: "answered",
          status: response.status,
          headers,
          body,
          durationMs: clock.monotonicMs() - startedMs,
        };
      } catch (cause) {
        return { kind: "no-answer", reason: reasonOf(cause) };
      }
    },
  };
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= BODY_LIMIT_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_LIMIT_BYTES).toString("utf8");
}

/** The innermost cause says most: `fetch` itself only says that it failed. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === "TimeoutError") return "no answer in time";
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
