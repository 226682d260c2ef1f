import { refusedByBoundary } from "../core/build/problems.ts";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import { cloudRefused, serverUnreachable } from "./problems.ts";

/** A call of our API that went wrong in a way that the user can mend. */
export type Answer<T> = Result<T, readonly Problem[]>;

export interface ServerClientOptions {
  /** Without a final slash. */
  readonly url: string;
  readonly token: () => Promise<string | undefined>;
  /** The platform's HTTP client. */
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

/** A call of Google's that was refused: HTTP status (0 where nothing answered) and what was said. */
export interface GoogleRefusal {
  readonly status: number;
  readonly problems: readonly Problem[];
}

/** Our error envelope, and Google's: both have `error.message`. */
interface Envelope {
  readonly error?: { readonly problems?: readonly Problem[]; readonly message?: string };
}

/** Sends calls to one server, and turns what comes back into values or problems. */
export class ServerTransport {
  readonly options: ServerClientOptions;

  constructor(options: ServerClientOptions) {
    this.options = options;
  }

  /** A JSON answer. */
  async json<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer<T>> {
    const response = await this.send(method, path, body);
    if (!response.ok) return response;
    if (!response.value.ok) return err(await problemsOf(response.value));
    return ok((await response.value.json()) as T);
  }

  /** A text. */
  async text(path: string): Promise<Answer<string>> {
    const response = await this.send("GET", path);
    if (!response.ok) return response;
    return response.value.ok ? ok(await response.value.text()) : err(await problemsOf(response.value));
  }

  /** The answer, whatever its status; a problem where nothing answered. */
  async send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer<Response>> {
    const token = await this.options.token();
    try {
      const response = await this.options.send(this.options.url + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined || body instanceof Blob ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      return ok(response);
    } catch (cause) {
      if (signal?.aborted === true) return err([]);
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      return err([serverUnreachable(this.options.url, inner instanceof Error ? inner.message : String(inner))]);
    }
  }
}

/** What an answer that is no success says. */
export async function problemsOf(response: Response): Promise<readonly Problem[]> {
  const body = (await response.json().catch(() => ({}))) as Envelope;
  if (Array.isArray(body.error?.problems) && body.error.problems.length > 0) return body.error.problems;
  const said = body.error?.message;
  if (said !== undefined && response.status < 500) {
    return [refusedByBoundary(said) ?? cloudRefused(response.status, said)];
  }
  return [serverUnreachable(response.url, `It answered ${response.status}${said === undefined ? "" : `: ${said}`}.`)];
}

/** An answer line by line, as it comes. */
export async function* lines(response: Response): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body ?? []) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
