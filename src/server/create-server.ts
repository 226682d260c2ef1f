/**
 * The server's HTTP side: authenticate, parse, ask the engine, show. Begin here; `release-routes.ts` is our API,
 * `board/` the pages, and the embedded cloud adds Google's routes through `register`.
 */
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Caller } from "../ports/identities.ts";
import { registerAccessRoutes } from "./access-routes.ts";
import { Authenticator } from "./authenticate.ts";
import { registerBoard } from "./board/register-board.ts";
import { registerDriftRoutes } from "./drift-routes.ts";
import { answerFaults } from "./faults.ts";
import { registerMetricsRoutes } from "./metrics-routes.ts";
import { registerMigrationRoutes } from "./migration-routes.ts";
import { registerNotificationRoutes } from "./notification-routes.ts";
import { hostRefused } from "./problems.ts";
import { registerReleaseRoutes } from "./release-routes.ts";
import { registerRetentionRoutes } from "./retention-routes.ts";
import { type Routing, type ServerDependencies, sendProblems } from "./routing.ts";

const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

export interface CreatedServer {
  readonly app: FastifyInstance;
  /** A word for a link `/?login=<word>` that opens the board once. */
  readonly makeLink: () => string;
}

/** The server, not listening yet; `listen` and `close` are the caller's. */
export function createServer(deps: ServerDependencies): CreatedServer {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => deps.ids.uuid(),
    forceCloseConnections: true,
    rewriteUrl: ({ url = "/" }) => withoutOrigin(url),
  });
  const authenticator = new Authenticator({ ...deps });
  const callerOf = (request: FastifyRequest) => authenticator.callerOf(request);
  app.addHook("onRequest", async (request, reply) => {
    if (!isOurs(request)) await sendProblems(reply, [hostRefused()]);
  });
  app.addHook("onSend", async (_request, reply) => {
    reply.header("x-content-type-options", "nosniff").header("referrer-policy", "no-referrer");
    reply.header("content-security-policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'");
  });
  answerFaults(app, { bodyLimitBytes: BODY_LIMIT_BYTES, onFault: deps.onFault });
  const routing: Routing = { app, callerOf, deps };
  registerReleaseRoutes(routing);
  registerDriftRoutes(routing);
  registerMigrationRoutes(routing);
  registerNotificationRoutes(routing);
  registerRetentionRoutes(routing);
  registerMetricsRoutes(routing);
  registerAccessRoutes(routing);
  registerBoard(routing, authenticator);
  deps.register(app, { withSteps: callerOf, withoutSteps: async (request) => withoutSteps(await callerOf(request)) });
  return { app, makeLink: () => authenticator.makeLink() };
}

/** A step's token is good for the phases of its own build, and for what the account of its build may do. */
function withoutSteps(caller: Caller | undefined): Caller | undefined {
  return caller?.kind === "step" ? undefined : caller;
}

/** A client that takes the server for its proxy sends the whole address, as `gcloud run` does (see `mobius env`). */
function withoutOrigin(url: string): string {
  return url.replace(/^http:\/\/[^/?]+/i, "") || "/";
}

/** Names under which Google's APIs are reached through the server as a proxy; they lead nowhere else. */
const PROXIED = /^([a-z]+-[a-z]+\d+-)?run\.mobius\.internal(:\d+)?$/;

/**
 * Webhooks and Pub/Sub's pushes come from elsewhere, often through a tunnel with a name of its own. Each must know a
 * secret, which a page in a browser does not, and hears nothing but whether it does.
 */
const FROM_ELSEWHERE =
  /^\/api\/v1\/pubsub\/builds(\?|$)|^\/v1\/projects\/[\w.:-]+\/((locations\/[\w-]+\/)?triggers\/[\w-]+:webhook|githubDotComWebhook:receive)(\?|$)/;

function isOurs({ headers, url, method }: FastifyRequest): boolean {
  if (isLoopback(headers.host) || (method === "POST" && FROM_ELSEWHERE.test(url))) return true;
  return PROXIED.test(headers.host ?? "") && /^\/(apis|v1|v2)\//.test(url);
}

/** A page elsewhere that lets its own name lead to this machine sends that name: DNS rebinding. */
function isLoopback(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? "");
}
