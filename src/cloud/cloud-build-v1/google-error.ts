import type { FastifyReply } from "fastify";
import { googleError, type Refusal } from "../../core/values/google-error.ts";

/** Answers with a refusal, such as the authority's. */
export function sendRefusal(reply: FastifyReply, refused: Refusal): FastifyReply {
  const { httpStatus, body } = googleError(refused);
  return reply.code(httpStatus).send(body);
}

/** Answers with Google's error body; `detail` becomes a `google.rpc.DebugInfo`, as Cloud Build sends it. */
export function sendError(
  reply: FastifyReply,
  status: Refusal["status"],
  message: string,
  detail?: string,
): FastifyReply {
  const details = detail === undefined ? [] : [{ "@type": "type.googleapis.com/google.rpc.DebugInfo", detail }];
  return sendRefusal(reply, { status, message, details });
}
