import type { AuditRow, AuditVerdict } from "../core/audit/audit-row.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { Changelog } from "../core/records/compare-sets.ts";
import type { ReleaseRecord } from "../core/records/release-record.ts";
import type { Whereabouts } from "../core/records/where.ts";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { BaselineView } from "../core/views/baseline-view.ts";
import type { IdentitiesView } from "../core/views/identities-view.ts";
import type { MetricsView } from "../core/views/metrics-view.ts";
import type { MigrationsView } from "../core/views/migrations-view.ts";
import type { PlanOutlook } from "../core/views/plan-outlook.ts";
import type { PrunedView } from "../core/views/pruned-view.ts";
import type { Explanation, ReleaseSummary, ReleaseView } from "../core/views/release-view.ts";
import { type EventLine, NEXT_BYTE, type PhaseLine } from "../ports/api/contract.ts";
import type {
  AccessAnswer,
  ChannelAnswer,
  DecisionAnswer,
  EnvironmentAnswer,
  MessageAnswer,
  PersonAnswer,
  PromotionAnswer,
  ReleaseAnswer,
} from "./answers.ts";
import { DriftClient } from "./drift-client.ts";
import {
  type Answer,
  type GoogleRefusal,
  lines,
  problemsOf,
  type ServerClientOptions,
  ServerTransport,
} from "./server-transport.ts";

export type { Answer, GoogleRefusal };

/** Where a server is that was started without a port. */
export const DEFAULT_SERVER = "http://127.0.0.1:7070";

/** The typed client of our API. One method, one route. */
export class ServerClient {
  readonly #transport: ServerTransport;
  readonly drift: DriftClient;

  constructor(options: ServerClientOptions) {
    this.#transport = new ServerTransport(options);
    this.drift = new DriftClient(this.#transport);
  }

  get url(): string {
    return this.#transport.options.url;
  }

  /** The same server, as somebody else. */
  as(token: string): ServerClient {
    return new ServerClient({ ...this.#transport.options, token: async () => token });
  }

  /** The server's own time in milliseconds since 1970, to the second; undefined where it does not say. */
  async time(): Promise<number | undefined> {
    const response = await this.#transport.send("GET", "/healthz");
    const said = Date.parse(response.ok ? (response.value.headers.get("date") ?? "") : "");
    return Number.isNaN(said) ? undefined : said;
  }

  plan(body: unknown): Promise<Answer<{ plan: Plan; outlook: PlanOutlook; warnings: readonly Problem[] }>> {
    return this.#transport.json("POST", "/api/v1/plans", body);
  }

  release(body: unknown): Promise<Answer<ReleaseAnswer>> {
    return this.#transport.json("POST", "/api/v1/releases", body);
  }

  list(): Promise<Answer<readonly ReleaseSummary[]>> {
    return this.#transport.json("GET", "/api/v1/releases");
  }

  get(release: string): Promise<Answer<ReleaseView>> {
    return this.#transport.json("GET", `/api/v1/releases/${encodeURIComponent(release)}`);
  }

  explain(release: string): Promise<Answer<Explanation>> {
    return this.#transport.json("GET", `/api/v1/releases/${encodeURIComponent(release)}/explanation`);
  }

  cancel(release: string, reason: string): Promise<Answer<ReleaseView>> {
    return this.#transport.json("POST", `/api/v1/releases/${encodeURIComponent(release)}:cancel`, { reason });
  }

  /** A person's decision about a release that waits. */
  decide(release: string, verb: "approve" | "reject" | "except", body: unknown): Promise<Answer<ReleaseView>> {
    return this.#transport.json("POST", `/api/v1/releases/${encodeURIComponent(release)}:${verb}`, body);
  }

  /** A person's decision about an environment. */
  govern(
    environment: string,
    verb: "hold" | "resume" | "freeze" | "liftFreeze" | "ignoreDrift",
    body: unknown,
  ): Promise<Answer<{ environment: string }>> {
    return this.#transport.json("POST", `/api/v1/environments/${encodeURIComponent(environment)}:${verb}`, body);
  }

  planRollback(environment: string, body: unknown): Promise<Answer<{ plan: Plan }>> {
    return this.#transport.json("POST", `/api/v1/environments/${encodeURIComponent(environment)}:planRollback`, body);
  }

  rollback(environment: string, body: unknown): Promise<Answer<ReleaseAnswer>> {
    return this.#transport.json("POST", `/api/v1/environments/${encodeURIComponent(environment)}:rollback`, body);
  }

  planPromotion(environment: string, body: unknown): Promise<Answer<PromotionAnswer>> {
    return this.#transport.json("POST", `/api/v1/environments/${encodeURIComponent(environment)}:planPromotion`, body);
  }

  promote(environment: string, body: unknown): Promise<Answer<ReleaseAnswer>> {
    return this.#transport.json("POST", `/api/v1/environments/${encodeURIComponent(environment)}:promote`, body);
  }

  prune(environment: string, body: unknown): Promise<Answer<PrunedView>> {
    return this.#transport.json("POST", `/api/v1/environments/${encodeURIComponent(environment)}:prune`, body);
  }

  migrations(environment: string): Promise<Answer<MigrationsView>> {
    return this.#transport.json("GET", `/api/v1/environments/${encodeURIComponent(environment)}/migrations`);
  }

  baselineMigrations(environment: string, body: unknown): Promise<Answer<BaselineView>> {
    const path = `/api/v1/environments/${encodeURIComponent(environment)}:baselineMigrations`;
    return this.#transport.json("POST", path, body);
  }

  settleMigration(environment: string, body: unknown): Promise<Answer<MigrationsView>> {
    const path = `/api/v1/environments/${encodeURIComponent(environment)}:settleMigration`;
    return this.#transport.json("POST", path, body);
  }

  metrics(environment: string, query: URLSearchParams): Promise<Answer<MetricsView>> {
    return this.#transport.json("GET", `/api/v1/environments/${encodeURIComponent(environment)}/metrics?${query}`);
  }

  people(): Promise<Answer<readonly PersonAnswer[]>> {
    return this.#transport.json("GET", "/api/v1/people");
  }

  admit(body: unknown): Promise<Answer<PersonAnswer & { readonly token: string }>> {
    return this.#transport.json("POST", "/api/v1/people", body);
  }

  dismiss(name: string): Promise<Answer<{ name: string }>> {
    return this.#transport.json("POST", `/api/v1/people/${encodeURIComponent(name)}:dismiss`, {});
  }

  where(subject: string, environments: readonly string[]): Promise<Answer<Whereabouts>> {
    const query = new URLSearchParams({ subject });
    for (const environment of environments) query.append("environment", environment);
    return this.#transport.json("GET", `/api/v1/where?${query}`);
  }

  changelog(query: Readonly<Record<"from" | "to" | "limit", string>>): Promise<Answer<Changelog>> {
    return this.#transport.json("GET", `/api/v1/changelog?${new URLSearchParams(query)}`);
  }

  /** A page of records; `next` is what the next one comes after. */
  records(query: Readonly<Record<string, string>>): Promise<Answer<{ records: ReleaseRecord[]; next?: number }>> {
    return this.#transport.json("GET", `/api/v1/records?${new URLSearchParams(query)}`);
  }

  environment(name: string): Promise<Answer<EnvironmentAnswer>> {
    return this.#transport.json("GET", `/api/v1/environments/${encodeURIComponent(name)}`);
  }

  access(environment: string): Promise<Answer<AccessAnswer>> {
    return this.#transport.json("POST", `/api/v1/environments/${encodeURIComponent(environment)}/access`, {});
  }

  channels(): Promise<Answer<readonly ChannelAnswer[]>> {
    return this.#transport.json("GET", "/api/v1/notifications/channels");
  }

  messages(state: string | undefined): Promise<Answer<readonly MessageAnswer[]>> {
    return this.#transport.json("GET", `/api/v1/notifications/messages${state === undefined ? "" : `?state=${state}`}`);
  }

  /** What is asked of the notifications by a POST; `what` is the route's last word. */
  notify<T>(
    what: "tests" | "tries" | "subscriptions" | "unsubscriptions" | "tokens",
    body: unknown,
  ): Promise<Answer<T>> {
    return this.#transport.json("POST", `/api/v1/notifications/${what}`, body);
  }

  identities(environment: string): Promise<Answer<IdentitiesView>> {
    return this.#transport.json("GET", `/api/v1/environments/${encodeURIComponent(environment)}/identities`);
  }

  identityDecision(environment: string, identity: string, query: URLSearchParams): Promise<Answer<DecisionAnswer>> {
    const path = `/api/v1/environments/${encodeURIComponent(environment)}/identities/${encodeURIComponent(identity)}`;
    return this.#transport.json("GET", `${path}/decision?${query}`);
  }

  identityGrant(environment: string, identity: string, body: unknown): Promise<Answer<IdentitiesView>> {
    const path = `/api/v1/environments/${encodeURIComponent(environment)}/identities/${encodeURIComponent(identity)}`;
    return this.#transport.json("POST", `${path}/grants`, body);
  }

  audit(query: URLSearchParams): Promise<Answer<readonly AuditRow[]>> {
    return this.#transport.json("GET", `/api/v1/audit?${query}`);
  }

  auditVerification(): Promise<Answer<AuditVerdict>> {
    return this.#transport.json("GET", "/api/v1/audit/verification");
  }

  /** All rows of the audit log as they come, a line of JSON each. */
  async auditRows(onLine: (line: string) => void): Promise<Answer<undefined>> {
    const response = await this.#transport.send("GET", "/api/v1/audit/rows");
    if (!response.ok) return response;
    if (!response.value.ok) return err(await problemsOf(response.value));
    for await (const line of lines(response.value)) if (line !== "") onLine(line);
    return ok(undefined);
  }

  installation(): Promise<Answer<{ installation: string; version: string }>> {
    return this.#transport.json("GET", "/api/v1/installation");
  }

  async log(release: string, query: Readonly<Record<string, string>>): Promise<Answer<string>> {
    return this.#transport.text(`/api/v1/releases/${encodeURIComponent(release)}/log?${new URLSearchParams(query)}`);
  }

  /** A build's log from the byte on, as far as it goes now. */
  async buildLog(build: string, fromByte = 0): Promise<Answer<{ readonly text: string; readonly next: number }>> {
    const response = await this.#transport.send(
      "GET",
      `/api/v1/builds/${encodeURIComponent(build)}/log?from=${fromByte}`,
    );
    if (!response.ok) return response;
    if (!response.value.ok) return err(await problemsOf(response.value));
    return ok({ text: await response.value.text(), next: Number(response.value.headers.get(NEXT_BYTE)) });
  }

  /** A call of one of Google's APIs. `status` tells a refusal that is expected from one that is not. */
  async google<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Result<T, GoogleRefusal>> {
    const response = await this.#transport.send(method, path, body);
    if (!response.ok) return err({ status: 0, problems: response.error });
    const { status, ok: isOk } = response.value;
    return isOk ? ok((await response.value.json()) as T) : err({ status, problems: await problemsOf(response.value) });
  }

  /**
   * A release's events after the sequence given, as they come, until it has ended, the signal aborts or the connection
   * breaks: whoever follows takes it up again.
   */
  async *events(release: string, after: number, signal: AbortSignal): AsyncIterable<EventLine> {
    const path = `/api/v1/releases/${encodeURIComponent(release)}/events?after=${after}`;
    const response = await this.#transport.send("GET", path, undefined, signal);
    if (!response.ok || !response.value.ok) return;
    try {
      for await (const line of lines(response.value)) {
        if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length)) as EventLine;
      }
    } catch (cause) {
      if (cause instanceof SyntaxError) throw cause;
    }
  }

  /** A phase's lines, the last of which says how it ended. */
  async *phase(body: unknown): AsyncIterable<PhaseLine> {
    const response = await this.#transport.send("POST", "/api/v1/phases", body);
    if (!response.ok || !response.value.ok) {
      const problems = response.ok ? await problemsOf(response.value) : response.error;
      yield { type: "end", ok: false, problem: problems[0] };
      return;
    }
    for await (const line of lines(response.value)) if (line !== "") yield JSON.parse(line) as PhaseLine;
  }
}
