import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { AuditEntry } from "../core/audit/audit-row.ts";
import { recordedName } from "../core/identity/resource-name.ts";
import type { Problem } from "../core/values/problem.ts";
import type { AuditLog } from "../engine/access/audit-log.ts";
import { auditActor } from "../engine/access/authority.ts";
import type { Grants } from "../engine/access/grants.ts";
import type { MetricsDesk } from "../engine/metrics/metrics-desk.ts";
import type { NotificationDesk } from "../engine/notifications/notification-desk.ts";
import type { RecordsDesk } from "../engine/records/records-desk.ts";
import type { ReleaseEngine } from "../engine/releases/release-engine.ts";
import { ROUTES } from "../ports/api/contract.ts";
import { httpStatus } from "../ports/api/exit-codes.ts";
import type { Route } from "../ports/api/route.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Caller, Identities } from "../ports/identities.ts";
import type { People } from "../ports/people.ts";
import { notAllowed, notAuthenticated, requestInvalid, serverStarting } from "./problems.ts";

/** What the server's handlers work with. */
export interface ServerDependencies {
  readonly engine: ReleaseEngine;
  readonly records: RecordsDesk;
  readonly notifications: NotificationDesk;
  readonly requestMetrics: MetricsDesk;
  readonly identities: Identities;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly installation: string;
  readonly version: string;
  /** Name of the person that the token file stands for. */
  readonly person: string;
  readonly people: People;
  /** Whether work can be taken: false while the server starts or stops. */
  readonly isReady: () => boolean;
  /** Told of faults of the server itself. */
  readonly onFault: (requestId: string, cause: unknown) => void;
  /** A build's log from the byte on, as far as it goes now; undefined for an unknown build. */
  readonly buildLog: (build: string, fromByte: number) => Promise<{ text: string; next: number } | undefined>;
  /** Of all services, as Prometheus' text. */
  readonly metrics: () => string;
  /** Text of a generated JSON Schema by file name. */
  readonly schema: (name: string) => Promise<string | undefined>;
  /** What an environment serves, for people; undefined for an unknown one. */
  readonly environment: (name: string) => Promise<unknown>;
  /** A token with which tools act as the environment's deploy identity; undefined for an unknown environment. */
  readonly access: (name: string) => Promise<EnvironmentAccess | undefined>;
  /** A token with which messages about an environment's builds are taken; undefined for an unknown environment. */
  readonly pushToken: (environment: string) => Promise<PushToken | undefined>;
  readonly audit: AuditLog;
  readonly grants: Grants;
  /** Adds the embedded cloud's routes. */
  readonly register: (app: FastifyInstance, callers: CallersOf) => void;
}

/** Who makes a request; undefined for nobody we know. */
type CallerOf = (request: FastifyRequest) => Promise<Caller | undefined>;

/** Steps are told apart from others only where every route asks the authority: to all else they are nobody. */
export interface CallersOf {
  readonly withoutSteps: CallerOf;
  readonly withSteps: CallerOf;
}

/** What a tool of Google's needs to reach one environment and no other. */
export interface EnvironmentAccess {
  readonly project: string;
  readonly region: string;
  readonly token: string;
  readonly expiresAt: string;
}

/** What a sender of messages about builds needs. */
export interface PushToken {
  readonly url: string;
  readonly token: string;
  readonly expiresAt: string;
}

/** What a group of routes is added with. */
export interface Routing {
  readonly app: FastifyInstance;
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly deps: ServerDependencies;
}

/** Adds one route of the contract: its permission and the form of its body are checked before the handler runs. */
export function addRoute<B>(
  { app, callerOf, deps }: Routing,
  route: Route,
  handler: (call: {
    request: FastifyRequest;
    reply: FastifyReply;
    caller: Caller | undefined;
    body: B;
  }) => Promise<unknown>,
): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const caller = await callerOf(request);
      const refused = refusalOf(route, caller);
      if (refused !== undefined) await deps.audit.recordRefusal(auditEntry(route, { request, caller, refused }, deps));
      const refusal = refused ?? (isEarly(route, deps) ? serverStarting() : undefined);
      if (refusal !== undefined) return sendProblems(reply, [refusal]);
      const parsed = route.body?.safeParse(request.body);
      if (parsed?.success === false) return sendProblems(reply, [requestInvalid(issues(parsed.error))]);
      const isWrite = route.method === "POST" && route.permission === "person" && route.effect === undefined;
      if (isWrite) await deps.audit.record([auditEntry(route, { request, caller }, deps)]);
      return handler({ request, reply, caller, body: parsed?.data as B });
    },
  });
}

/** A call of ours as the audit log has it: of its texts only the path. */
function auditEntry(
  route: Route,
  call: { readonly request: FastifyRequest; readonly caller: Caller | undefined; readonly refused?: Problem },
  { clock }: ServerDependencies,
): AuditEntry {
  const { request, caller, refused } = call;
  const [name = ""] = Object.entries(ROUTES).find(([, each]) => each === route) ?? [];
  return {
    at: clock.now(),
    who: auditActor(caller),
    what: `mobius.${name}`,
    resource: recordedName(request.url.split("?")[0] ?? ""),
    requestId: request.id,
    outcome: refused === undefined ? "allowed" : caller === undefined ? "unauthenticated" : "denied",
    reason: refused === undefined ? "A person at this machine has all rights." : refused.summary,
  };
}

/** Answers with problems in our error envelope. */
export function sendProblems(reply: FastifyReply, problems: readonly Problem[]): FastifyReply {
  const [first] = problems;
  const code = first?.code ?? "request-invalid";
  const envelope = { code, message: first?.summary ?? "", problems, requestId: reply.request.id };
  return reply.code(httpStatus(code)).send({ error: envelope });
}

/** Until it has taken up what an earlier server left, the server knows neither releases nor steps. */
function isEarly(route: Route, deps: ServerDependencies): boolean {
  return !deps.isReady() && route.permission !== "public" && route !== ROUTES.installation;
}

function refusalOf(route: Route, caller: Caller | undefined): Problem | undefined {
  if (route.permission === "public") return undefined;
  if (caller === undefined) return notAuthenticated();
  if (caller.kind === route.permission) return undefined;
  return notAllowed(caller.kind === "person" ? caller.name : caller.email, route.permission);
}

function issues(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
}
