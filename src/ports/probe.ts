/** What came back from one HTTP request, or that nothing did. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      /** At most 1 MiB; the rest is cut off. */
      readonly body: string;
      readonly durationMs: number;
    }
  | { readonly kind: "no-answer"; readonly reason: string };

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
