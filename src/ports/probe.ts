import type { Answer } from "../core/verification/judge-http.ts";

export type { Answer } from "../core/verification/judge-http.ts";

/** Asks a service over HTTP, for checks. Follows no redirect, sends no credentials; never throws for the network's sake. */
export interface Probe {
  request(request: {
    readonly method: "GET" | "POST";
    readonly url: string;
    readonly json?: unknown;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  }): Promise<Answer>;
}
