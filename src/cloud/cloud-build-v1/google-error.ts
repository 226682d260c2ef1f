import type { FastifyReply } from "fastify";
import type { Denial } from "../../core/identity/denial.ts";

/** Google's canonical codes that this API answers with: HTTP status and number of `google.rpc.Code`. */
const CODES = {
  INVALID_ARGUMENT: { http: 400, rpc: 3 },
  FAILED_PRECONDITION: { http: 400, rpc: 9 },
  UNAUTHENTICATED: { http: 401, rpc: 16 },
  PERMISSION_DENIED: { http: 403, rpc: 7 },
  NOT_FOUND: { http: 404, rpc: 5 },
  ALREADY_EXISTS: { http: 409, rpc: 6 },
  RESOURCE_EXHAUSTED: { http: 429, rpc: 8 },
  UNIMPLEMENTED: { http: 501, rpc: 12 },
  UNAVAILABLE: { http: 503, rpc: 14 },
} as const;

/** Name of a canonical code. */
export type GoogleStatus = keyof typeof CODES;

/** Answers with a refusal of the authority. */
export function sendDenial(reply: FastifyReply, { status, message, details }: Denial): FastifyReply {
  const code = CODES[status].http;
  return reply.code(code).send({ error: { code, message, status, ...(details.length > 0 ? { details } : {}) } });
}

/** Answers with Google's error body; `detail` becomes a `google.rpc.DebugInfo`, as Cloud Build sends it. */
export function sendError(reply: FastifyReply, status: GoogleStatus, message: string, detail?: string): FastifyReply {
  const details =
    detail === undefined ? {} : { details: [{ "@type": "type.googleapis.com/google.rpc.DebugInfo", detail }] };
  const code = CODES[status].http;
  return reply.code(code).send({ error: { code, message, status, ...details } });
}
