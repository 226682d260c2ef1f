import type { FastifyReply, FastifyRequest } from "fastify";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Caller } from "../../ports/identities.ts";
import { googleError, type Refusal, refusal } from "./google-error.ts";
import { type JsonObject, objectOf } from "./read-json.ts";

/** A request whose caller may use the project. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: JsonObject;
  readonly body: JsonObject;
  readonly project: string;
  readonly location: string;
  /** As the client wrote it: the older form of the API has the region in it. */
  readonly host: string;
  /** Who calls, for `creator`. */
  readonly caller: string;
}

/** Authenticates, and lets an identity reach its own project only. */
export async function admitted(
  request: FastifyRequest,
  callerOf: (request: FastifyRequest) => Promise<Caller | undefined> | Caller | undefined,
): Promise<Result<Call, Refusal>> {
  const caller = await callerOf(request);
  if (caller === undefined) {
    return err(refusal("UNAUTHENTICATED", "Request had invalid authentication credentials."));
  }
  const params = request.params as Readonly<Record<string, string>>;
  const { project = "", location = "" } = params;
  if (caller.kind !== "person" && caller.project !== project) {
    const message = `Permission denied on resource project ${project} for ${caller.email}.`;
    return err(refusal("PERMISSION_DENIED", message));
  }
  const who = caller.kind === "person" ? caller.name : caller.email;
  const { host = "" } = request.headers;
  const [query, body] = [objectOf(request.query), objectOf(request.body)];
  return ok({ params, query, body, project, location, host, caller: who });
}

/** Answers with Google's error body. */
export function send(reply: FastifyReply, error: Refusal): FastifyReply {
  const { httpStatus, body } = googleError(error);
  return reply.status(httpStatus).send(body);
}
