import { refusedByBoundary } from "../core/build/problems.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { Explanation, ReleaseSummary, ReleaseView } from "../core/views/release-view.ts";
import { type EventLine, NEXT_BYTE, type PhaseLine } from "../ports/api/contract.ts";
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

/** The typed client of our API. One method, one route. */
export class ServerClient {
  readonly #options: ServerClientOptions;

  constructor(options: ServerClientOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  plan(body: unknown): Promise<Answer<{ plan: Plan; warnings: readonly Problem[] }>> {
    return this.#json("POST", "/api/v1/plans", body);
  }

  release(body: unknown): Promise<Answer<{ release: ReleaseView } | { nothingToDo: true; plan: Plan }>> {
    return this.#json("POST", "/api/v1/releases", body);
  }

  list(): Promise<Answer<readonly ReleaseSummary[]>> {
    return this.#json("GET", "/api/v1/releases");
  }

  get(release: string): Promise<Answer<ReleaseView>> {
    return this.#json("GET", `/api/v1/releases/${encodeURIComponent(release)}`);
  }

  explain(release: string): Promise<Answer<Explanation>> {
    return this.#json("GET", `/api/v1/releases/${encodeURIComponent(release)}/explanation`);
  }

  cancel(release: string, reason: string): Promise<Answer<ReleaseView>> {
    return this.#json("POST", `/api/v1/releases/${encodeURIComponent(release)}:cancel`, { reason });
  }

  environment(name: string): Promise<Answer<EnvironmentAnswer>> {
    return this.#json("GET", `/api/v1/environments/${encodeURIComponent(name)}`);
  }

  access(environment: string): Promise<Answer<AccessAnswer>> {
    return this.#json("POST", `/api/v1/environments/${encodeURIComponent(environment)}/access`, {});
  }

  installation(): Promise<Answer<{ installation: string; version: string }>> {
    return this.#json("GET", "/api/v1/installation");
  }

  async log(release: string, query: Readonly<Record<string, string>>): Promise<Answer<string>> {
    return this.#text(`/api/v1/releases/${encodeURIComponent(release)}/log?${new URLSearchParams(query)}`);
  }

  /** A build's log from the byte on, as far as it goes now. */
  async buildLog(build: string, fromByte = 0): Promise<Answer<{ readonly text: string; readonly next: number }>> {
    const response = await this.#send("GET", `/api/v1/builds/${encodeURIComponent(build)}/log?from=${fromByte}`);
    if (!response.ok) return response;
    if (!response.value.ok) return err(await problemsOf(response.value));
    return ok({ text: await response.value.text(), next: Number(response.value.headers.get(NEXT_BYTE)) });
  }

  /** A call of one of Google's APIs. `status` tells a refusal that is expected from one that is not. */
  async google<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Result<T, GoogleRefusal>> {
    const response = await this.#send(method, path, body);
    if (!response.ok) return err({ status: 0, problems: response.error });
    const { status, ok: isOk } = response.value;
    return isOk ? ok((await response.value.json()) as T) : err({ status, problems: await problemsOf(response.value) });
  }

  /** A release's events after the sequence given, as they come, until it has ended or the signal aborts. */
  async *events(release: string, after: number, signal: AbortSignal): AsyncIterable<EventLine> {
    const path = `/api/v1/releases/${encodeURIComponent(release)}/events?after=${after}`;
    const response = await this.#send("GET", path, undefined, signal);
    if (!response.ok || !response.value.ok) return;
    for await (const line of lines(response.value)) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length)) as EventLine;
    }
  }

  /** A phase's lines, the last of which says how it ended. */
  async *phase(body: unknown): AsyncIterable<PhaseLine> {
    const response = await this.#send("POST", "/api/v1/phases", body);
    if (!response.ok || !response.value.ok) {
      const problems = response.ok ? await problemsOf(response.value) : response.error;
      yield { type: "end", ok: false, problem: problems[0] };
      return;
    }
    for await (const line of lines(response.value)) if (line !== "") yield JSON.parse(line) as PhaseLine;
  }

  async #json<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer<T>> {
    const response = await this.#send(method, path, body);
    if (!response.ok) return response;
    if (!response.value.ok) return err(await problemsOf(response.value));
    return ok((await response.value.json()) as T);
  }

  async #text(path: string): Promise<Answer<string>> {
    const response = await this.#send("GET", path);
    if (!response.ok) return response;
    return response.value.ok ? ok(await response.value.text()) : err(await problemsOf(response.value));
  }

  async #send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer<Response>> {
    const token = await this.#options.token();
    try {
      const response = await this.#options.send(this.#options.url + path, {
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
      return err([serverUnreachable(this.#options.url, inner instanceof Error ? inner.message : String(inner))]);
    }
  }
}

/** What tools of Google's need to reach an environment. */
export interface AccessAnswer {
  readonly project: string;
  readonly region: string;
  readonly token: string;
  readonly expiresAt: string;
}

/** What an environment serves. */
export interface EnvironmentAnswer {
  readonly environment: string;
  readonly services: readonly {
    readonly service: string;
    readonly url: string;
    readonly revision?: string;
    readonly digest?: string;
  }[];
}

async function problemsOf(response: Response): Promise<readonly Problem[]> {
  const body = (await response.json().catch(() => ({}))) as Envelope;
  if (Array.isArray(body.error?.problems) && body.error.problems.length > 0) return body.error.problems;
  const said = body.error?.message;
  if (said !== undefined && response.status < 500) {
    return [refusedByBoundary(said) ?? cloudRefused(response.status, said)];
  }
  return [serverUnreachable(response.url, `It answered ${response.status}${said === undefined ? "" : `: ${said}`}.`)];
}

async function* lines(response: Response): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body ?? []) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
