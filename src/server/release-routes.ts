import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Release } from "../core/release/state.ts";
import { actorId } from "../core/values/ids.ts";
import { toIso } from "../core/values/time.ts";
import { eventLine } from "../core/views/event-line.ts";
import { explain } from "../core/views/explain.ts";
import { releaseSummary, releaseView } from "../core/views/project-release.ts";
import { releaseUnknown } from "../engine/releases/problems.ts";
import type { cancelBody, planBody, releaseBody } from "../ports/api/bodies.ts";
import type { EventLine } from "../ports/api/contract.ts";
import { NEXT_BYTE, ROUTES } from "../ports/api/contract.ts";
import type { Caller } from "../ports/identities.ts";
import { registerDecisionRoutes, sendRequested } from "./decision-routes.ts";
import { openApiDocument } from "./open-api.ts";
import { registerPeopleRoutes } from "./people-routes.ts";
import { registerPhaseRoute } from "./phase-route.ts";
import { resourceUnknown } from "./problems.ts";
import { registerRecordRoutes } from "./record-routes.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** Our own API: plans, releases, what environments serve. */
export function registerReleaseRoutes(routing: Routing): void {
  registerStatusRoutes(routing);
  registerReading(routing);
  registerChanging(routing);
  registerDecisionRoutes(routing);
  registerPeopleRoutes(routing);
  registerRecordRoutes(routing);
  registerPhaseRoute(routing);
}

function registerStatusRoutes(routing: Routing): void {
  const { deps } = routing;
  addRoute(routing, ROUTES.health, async () => ({ status: "ok" }));
  addRoute(routing, ROUTES.ready, async ({ reply }) => {
    return deps.isReady() ? { status: "ready" } : reply.code(503).send({ status: "starting" });
  });
  addRoute(routing, ROUTES.openApi, async () => openApiDocument(deps.version));
  addRoute(routing, ROUTES.metrics, async ({ reply }) => reply.type("text/plain; version=0.0.4").send(deps.metrics()));
  addRoute(routing, ROUTES.installation, async () => ({ installation: deps.installation, version: deps.version }));
  addRoute(routing, ROUTES.schema, async ({ request, reply }) => {
    const text = await deps.schema((request.params as { schema: string }).schema);
    return text === undefined
      ? sendProblems(reply, [resourceUnknown("schema", (request.params as { schema: string }).schema)])
      : reply.type("application/schema+json").send(text);
  });
}

function registerReading(routing: Routing): void {
  const { deps } = routing;
  const { engine } = deps;
  addRoute(routing, ROUTES.releases, async () => engine.list().map(releaseSummary));
  addRoute(routing, ROUTES.releaseOne, async ({ request, reply }) => withRelease(routing, request, reply, releaseView));
  addRoute(routing, ROUTES.explanation, async ({ request, reply }) => withRelease(routing, request, reply, explain));
  addRoute(routing, ROUTES.log, async ({ request, reply }) => {
    const release = engine.get((request.params as { release: string }).release);
    if (release === undefined)
      return sendProblems(reply, [releaseUnknown((request.params as { release: string }).release)]);
    const { phase, subject } = request.query as { phase?: string; subject?: string };
    const events = await engine.events(release.id);
    const chosen = events.filter(({ event }) => {
      const of = event as { phase?: string; subject?: string };
      return (phase === undefined || of.phase === phase) && (subject === undefined || of.subject === subject);
    });
    const lines = chosen.flatMap(({ event, at }) => {
      const line = eventLine(event);
      return line === undefined ? [] : [`${toIso(at)} ${line}`];
    });
    return reply.type("text/plain; charset=utf-8").send(`${lines.join("\n")}\n`);
  });
  addRoute(routing, ROUTES.events, async ({ request, reply }) => followEvents(routing, request, reply));
  addRoute(routing, ROUTES.environment, async ({ request, reply }) => {
    const { environment } = request.params as { environment: string };
    return (await deps.environment(environment)) ?? sendProblems(reply, [resourceUnknown("environment", environment)]);
  });
  addRoute(routing, ROUTES.access, async ({ request, reply }) => {
    const { environment } = request.params as { environment: string };
    return (await deps.access(environment)) ?? sendProblems(reply, [resourceUnknown("environment", environment)]);
  });
  addRoute(routing, ROUTES.buildLog, async ({ request, reply }) => {
    const { build } = request.params as { build: string };
    const fromByte = Number((request.query as { from?: string }).from ?? 0) || 0;
    const log = await deps.buildLog(build, Math.max(0, fromByte));
    if (log === undefined) return sendProblems(reply, [resourceUnknown("build", build)]);
    return reply.type("text/plain; charset=utf-8").header(NEXT_BYTE, log.next).send(log.text);
  });
}

function registerChanging(routing: Routing): void {
  const { engine } = routing.deps;
  addRoute<z.output<typeof planBody>>(routing, ROUTES.plan, async ({ body, reply, caller }) => {
    const { manifest, manifestText, platformText, commit, environment, drop } = body;
    const made = await engine.plan({
      manifestPath: manifest,
      ...(manifestText === undefined ? {} : { manifestText }),
      ...(platformText === undefined ? {} : { platformText }),
      ...(commit === undefined ? {} : { umbrellaRef: commit }),
      ...(environment === undefined ? {} : { environment }),
      dropped: drop,
    });
    if (!made.ok) return sendProblems(reply, made.problems);
    const outlook = await engine.outlook({ ...made.value, actor: actorId("person", nameOf(caller)) });
    return { plan: made.value.plan, outlook, warnings: made.warnings };
  });
  addRoute<z.output<typeof releaseBody>>(routing, ROUTES.release, async ({ body, reply, caller }) => {
    const { manifest, commit, environment, plan, drop, requestId } = body;
    const person = nameOf(caller);
    const requested = await engine.request({
      manifestPath: manifest,
      ...(commit === undefined ? {} : { umbrellaRef: commit }),
      ...(environment === undefined ? {} : { environment }),
      ...(plan === undefined ? {} : { plan }),
      dropped: drop,
      requestId,
      trigger: `manual:${person}`,
      actor: actorId("person", person),
    });
    return sendRequested(reply, requested);
  });
  addRoute<z.output<typeof cancelBody>>(routing, ROUTES.cancel, async ({ request, body, reply, caller }) => {
    const name = (request.params as { release: string }).release;
    const release = engine.get(name);
    if (release === undefined) return sendProblems(reply, [releaseUnknown(name)]);
    const cancelled = await engine.cancel(release.id, actorId("person", nameOf(caller)), body.reason);
    return cancelled.ok ? releaseView(cancelled.value) : sendProblems(reply, [cancelled.error]);
  });
}

function nameOf(caller: Caller | undefined): string {
  return caller?.kind === "person" ? caller.name : "unknown";
}

async function withRelease(
  { deps }: Routing,
  request: FastifyRequest,
  reply: FastifyReply,
  view: (release: Release) => unknown,
): Promise<unknown> {
  const name = (request.params as { release: string }).release;
  const release = deps.engine.get(name);
  return release === undefined ? sendProblems(reply, [releaseUnknown(name)]) : view(release);
}

/** Server-sent events: what is there after the sequence given, then what comes, until the release has ended. */
async function followEvents({ deps }: Routing, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const name = (request.params as { release: string }).release;
  const release = deps.engine.get(name);
  if (release === undefined) return sendProblems(reply, [releaseUnknown(name)]);
  const after = Number((request.query as { after?: string }).after ?? request.headers["last-event-id"] ?? 0) || 0;
  const closed = new AbortController();
  reply.hijack();
  const { raw } = reply;
  raw.on("close", () => closed.abort());
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  try {
    for await (const { event, sequence, at } of deps.engine.follow(release.id, after, closed.signal)) {
      const line = eventLine(event);
      const data: EventLine = { sequence, type: event.type, at: toIso(at), ...(line === undefined ? {} : { line }) };
      const isTaken = raw.write(`id: ${sequence}\ndata: ${JSON.stringify(data)}\n\n`);
      if (!isTaken) await Promise.race([new Promise((resolve) => raw.once("drain", resolve)), aborted(closed.signal)]);
    }
  } finally {
    // Whatever ended it: a connection that stays open says nothing for minutes, one that ends is taken up again.
    raw.end();
  }
  return undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
