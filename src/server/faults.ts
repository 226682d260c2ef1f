import type { FastifyInstance, FastifyRequest } from "fastify";
import { bodyTooLarge, requestInvalid, routeUnknown } from "./problems.ts";
import { sendProblems } from "./routing.ts";

/** Paths of Google's APIs: what is not there answers as Google's servers do. */
const GOOGLE = /^\/(v1|v2|apis)\//;

interface FaultOptions {
  readonly bodyLimitBytes: number;
  /** Told of faults of ours: their text may hold what was being worked on, so the caller only gets the request's id. */
  readonly onFault: (requestId: string, cause: unknown) => void;
}

/** Answers what no handler answers: unknown routes, requests that cannot be read, and faults of the server itself. */
export function answerFaults(app: FastifyInstance, { bodyLimitBytes, onFault }: FaultOptions): void {
  app.setNotFoundHandler((request, reply) => {
    if (GOOGLE.test(request.url)) return reply.code(501).send(unimplemented(request));
    return sendProblems(reply, [routeUnknown(request.method, pathOf(request))]);
  });
  app.setErrorHandler((cause, request, reply) => {
    const status = statusOf(cause);
    if (status === 413) return sendProblems(reply, [bodyTooLarge(bodyLimitBytes)]);
    if (status < 500) return sendProblems(reply, [requestInvalid([cause instanceof Error ? cause.message : ""])]);
    onFault(request.id, cause);
    const message = `A fault of the server. Its log says more about request ${request.id}.`;
    return reply.code(500).send({ error: { code: "server-fault", message, problems: [], requestId: request.id } });
  });
}

function unimplemented(request: FastifyRequest) {
  const message = `Method not implemented: ${request.method} ${pathOf(request)}`;
  return { error: { code: 501, message, status: "UNIMPLEMENTED" } };
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?")[0] ?? "";
}

function statusOf(cause: unknown): number {
  const status = cause instanceof Error && "statusCode" in cause ? cause.statusCode : undefined;
  return typeof status === "number" ? status : 500;
}
