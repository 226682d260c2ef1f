/** The board: plain pages of releases, one release, one build's log and an environment's metrics, made on the server from the views. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { KEPT_MINUTES } from "../../core/metrics/request-counts.ts";
import { toIso } from "../../core/values/time.ts";
import { eventLine } from "../../core/views/event-line.ts";
import { releaseSummary, releaseView } from "../../core/views/project-release.ts";
import type { Authenticator } from "../authenticate.ts";
import type { Routing } from "../routing.ts";
import { BOARD_CSS, BOARD_ICON, BOARD_SCRIPT } from "./board-assets.ts";
import { metricsPage } from "./metrics-page.ts";
import { buildPage, doorPage, missingPage, refusalPage, releasePage, releasesPage } from "./pages.ts";

/** Adds the pages. Without a session they say how to get one. */
export function registerBoard(routing: Routing, authenticator: Authenticator): void {
  const { app, deps } = routing;
  app.get("/board.css", async (_request, reply) => reply.type("text/css").send(BOARD_CSS));
  app.get("/board.svg", async (_request, reply) => reply.type("image/svg+xml").send(BOARD_ICON));
  app.get("/board.js", async (_request, reply) => reply.type("text/javascript").send(BOARD_SCRIPT));
  app.get("/", async (request, reply) => {
    const { login } = request.query as { login?: string };
    const cookie = login === undefined ? undefined : authenticator.openSession(login);
    if (cookie !== undefined) return reply.header("set-cookie", cookie).redirect("/", 303);
    return show(routing, request, reply, async () => releasesPage(deps.engine.list().map(releaseSummary)));
  });
  app.get("/releases/:release", async (request, reply) =>
    show(routing, request, reply, async () => {
      const { release: name } = request.params as { release: string };
      const release = deps.engine.get(name);
      if (release === undefined) return undefined;
      const events = await deps.engine.events(release.id);
      const lines = events.flatMap(({ event, at }) => {
        const line = eventLine(event);
        return line === undefined ? [] : [`${toIso(at)} ${line}`];
      });
      return releasePage(releaseView(release), lines, events.at(-1)?.sequence ?? 0);
    }),
  );
  app.get("/environments/:environment/metrics", async (request, reply) =>
    show(routing, request, reply, async () => {
      const { environment } = request.params as { environment: string };
      const { minutes: asked = "60" } = request.query as { minutes?: string };
      const minutes = /^\d{1,4}$/.test(asked) ? Math.min(Math.max(Number(asked), 1), KEPT_MINUTES) : 60;
      const read = await deps.requestMetrics.read({ environment, minutes });
      if (read.ok) return metricsPage(read.value, minutes);
      return read.error.some(({ code }) => code === "environment-unknown") ? undefined : refusalPage(read.error);
    }),
  );
  app.get("/builds/:build", async (request, reply) =>
    show(routing, request, reply, async () => {
      const { build } = request.params as { build: string };
      const log = await deps.buildLog(build, 0);
      return log === undefined ? undefined : buildPage(build, log.text);
    }),
  );
}

async function show(
  { callerOf }: Routing,
  request: FastifyRequest,
  reply: FastifyReply,
  make: () => Promise<string | undefined>,
): Promise<FastifyReply> {
  reply.type("text/html; charset=utf-8").header("cache-control", "no-store");
  const caller = await callerOf(request);
  if (caller?.kind !== "person") return reply.code(401).send(doorPage());
  const text = await make();
  return text === undefined ? reply.code(404).send(missingPage()) : reply.send(text);
}
