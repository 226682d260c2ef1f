/**
 * Cloud Logging v2, as far as reading a build's log needs it: `gcloud builds log` lists the entries of one build, a line
 * of the log each. Begin with `registerLoggingV2`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Build } from "../../core/build/state.ts";
import type { Need } from "../../core/identity/decide-access.ts";
import type { NonEmpty } from "../../core/values/problem.ts";
import { type Instant, toIso } from "../../core/values/time.ts";
import { type Authority, rightOnNew } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";
import type { StepLogs } from "../../ports/step-logs.ts";

export interface LoggingOptions {
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly authority: Authority;
  readonly buildOf: (id: string) => Promise<Build | undefined>;
  readonly logs: Pick<StepLogs, "lines">;
}

/** Entries of one page when the caller names no number, and at most. */
const PAGE = { usual: 50, most: 1_000 } as const;
const BUILD = /\bresource\.labels\.build_id="([0-9a-f-]{36})"/;

interface Asked {
  readonly resourceNames?: readonly string[];
  readonly projectIds?: readonly string[];
  readonly filter?: string;
  readonly orderBy?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
}

/** The right is asked for on each project that is named; on none that is there, where none is named. */
function needsOf(projects: readonly string[]): NonEmpty<Need> {
  const [first = "", ...rest] = projects.map((project) => project.replaceAll("/", "%2F"));
  const need = (project: string) => rightOnNew("logging.logEntries.list", `projects/${project}`, "projects");
  return [need(first), ...rest.map(need)];
}

/** Adds the one call. A filter that names no build of the caller's project has no entries. */
export function registerLoggingV2(app: FastifyInstance, { callerOf, authority, buildOf, logs }: LoggingOptions): void {
  app.post("/v2/entries::list", async (request, reply) => {
    const asked = (request.body ?? {}) as Asked;
    const named = [...(asked.resourceNames ?? []), ...(asked.projectIds ?? []).map((id) => `projects/${id}`)];
    const projects = named.map((name) => name.split("/")[1] ?? "");
    const needs = needsOf(projects);
    const judged = await authority.authorize({ caller: await callerOf(request), needs, requestId: request.id });
    if (!judged.ok) {
      const { status, message, details } = judged.error;
      return refuse(reply, { code: status === "UNAUTHENTICATED" ? 401 : 403, status, message, details });
    }
    const build = await buildOf(BUILD.exec(asked.filter ?? "")?.[1] ?? "");
    if (build === undefined || !projects.includes(build.project)) return reply.send({});
    const fromLine = Number(asked.pageToken ?? 0);
    if (!Number.isInteger(fromLine) || fromLine < 0) {
      return refuse(reply, { code: 400, status: "INVALID_ARGUMENT", message: "page_token is none of ours" });
    }
    const count = Math.min(asked.pageSize || PAGE.usual, PAGE.most);
    const { lines, total } = await logs.lines({ build: build.id, fromLine, count });
    const next = fromLine + lines.length;
    return reply.send({
      entries: lines.map(({ text }, at) => entryOf(build, fromLine + at, text)),
      ...(lines.length > 0 && next < total ? { nextPageToken: String(next) } : {}),
    });
  });
}

/** Lines have no time of their own: they keep their order by the nanoseconds after the build's start. */
function entryOf(build: Build, line: number, text: string): Record<string, unknown> {
  const { stage, createdAt } = build;
  const hasBegun = stage.name === "working" || stage.name === "ended";
  const startedAt: Instant = hasBegun ? (stage.startedAt ?? createdAt) : createdAt;
  const timestamp = toIso(startedAt).replace(/(\.\d{3})Z$/, `$1${String(line % 1_000_000).padStart(6, "0")}Z`);
  return {
    insertId: `${build.id}-${line}`,
    logName: `projects/${build.project}/logs/cloudbuild`,
    resource: { type: "build", labels: { build_id: build.id, project_id: build.project } },
    labels: { build_step: "MAIN" },
    severity: "INFO",
    timestamp,
    textPayload: text,
  };
}

function refuse(
  reply: FastifyReply,
  error: {
    readonly code: number;
    readonly status: string;
    readonly message: string;
    readonly details?: readonly unknown[];
  },
): FastifyReply {
  const { details = [], ...rest } = error;
  return reply.code(error.code).send({ error: { ...rest, ...(details.length > 0 ? { details } : {}) } });
}
