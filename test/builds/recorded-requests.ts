import { readFileSync } from "node:fs";

/** A request that a client which nobody here wrote has sent. */
export interface RecordedRequest {
  readonly client: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  /** Where it is not JSON. */
  readonly contentType?: string;
}

/** Those of a file beneath `test/fixtures/build`. */
export function recordedRequests(name: string): readonly RecordedRequest[] {
  const file = new URL(`../fixtures/build/${name}`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as readonly RecordedRequest[];
}
