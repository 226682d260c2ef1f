import type { FastifyInstance } from "fastify";
import { type Refusal, refusal } from "../../core/values/google-error.ts";
import type { Result } from "../../core/values/result.ts";
import { admitted, type Call, type Gate, type RouteNeeds, send } from "./calls.ts";
import type { JsonObject } from "./read-json.ts";

const MAX_BODY_BYTES = 1024 * 1024;

type Answer = Result<JsonObject, Refusal>;

/** Adds a route whose handler sees callers only that have what it needs. */
export type RegisterRoute = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  needs: RouteNeeds,
  handle: (call: Call) => Promise<Answer> | Answer,
) => unknown;

/** Fastify takes Google's verbs in this spelling only. */
export function verbPath(path: string, verb: string): string {
  return `${path}(^[^:/]+)::${verb}`;
}

/** Routes that authenticate, read JSON as Google's clients send it, and answer faults with Google's error body. */
export function registerScope(app: FastifyInstance, gate: Gate, register: (route: RegisterRoute) => void): void {
  app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
      if (typeof status === "number" && status < 500) {
        return send(reply, refusal("INVALID_ARGUMENT", "The request could not be read."));
      }
      request.log.error({ err: error }, "cloud run request failed");
      return send(reply, refusal("INTERNAL", "Internal error."));
    });
    // Google's clients say that a DELETE without a body holds JSON.
    scope.removeContentTypeParser("application/json");
    scope.addContentTypeParser("application/json", { parseAs: "string" }, (_, text, done) => {
      try {
        done(null, text === "" ? undefined : JSON.parse(String(text)));
      } catch {
        done(Object.assign(new Error("not JSON"), { statusCode: 400 }));
      }
    });
    register((method, url, needs, handle) =>
      scope.route({
        method,
        url,
        bodyLimit: MAX_BODY_BYTES,
        handler: async (request, reply) => {
          const call = await admitted(request, gate, needs);
          const answer = call.ok ? await handle(call.value) : call;
          return answer.ok ? reply.send(answer.value) : send(reply, answer.error);
        },
      }),
    );
  });
}
