import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { projectNumber } from "../../core/values/project-number.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";

const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

export interface ProjectsOptions {
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly authority: Authority;
}

/**
 * What `gcloud projects describe` asks of the Resource Manager: the project and its number. Whose project it is not hears no
 * more than on Google.
 */
export function registerProjectsV1(app: FastifyInstance, { callerOf, authority }: ProjectsOptions): void {
  app.get("/v1/projects/:project(^[^:/]+)", async (request, reply) => {
    const { project } = request.params as { project: string };
    const needs = [right("resourcemanager.projects.get", `projects/${project}`)] as const;
    const judged = await authority.authorize({ caller: await callerOf(request), needs, requestId: request.id });
    if (!judged.ok && judged.error.status === "UNAUTHENTICATED") {
      return refuse(reply, 401, "UNAUTHENTICATED", judged.error.message);
    }
    if (!judged.ok || !PROJECT_ID.test(project)) {
      const message = "The caller does not have permission, or the project does not exist.";
      return refuse(reply, 403, "PERMISSION_DENIED", message);
    }
    const number = projectNumber(project);
    return { projectNumber: number, projectId: project, name: project, lifecycleState: "ACTIVE" };
  });
}

function refuse(reply: FastifyReply, code: number, status: string, message: string): FastifyReply {
  return reply.code(code).send({ error: { code, message, status } });
}
