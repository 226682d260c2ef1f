import { z } from "zod";
import { ROUTES } from "../ports/api/contract.ts";
import type { Route } from "../ports/api/route.ts";

/** The OpenAPI 3.1 document of our API, from the contract. */
export function openApiDocument(version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, route] of Object.entries(ROUTES)) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(operationId, route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Mobius Release", version },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

function operation(operationId: string, route: Route): unknown {
  const parameters = [...openApiPath(route.path).matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    operationId,
    summary: route.summary,
    parameters,
    ...(route.permission === "public" ? {} : { security: [{ token: [] }] }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: z.toJSONSchema(route.body, { io: "input" }) } },
          },
        }),
    responses: { default: { description: "An answer, or an error with its problems." } },
  };
}

/** `/a/:id(^[^:/]+)::cancel` → `/a/{id}:cancel`. */
function openApiPath(path: string): string {
  return path
    .replaceAll(/:(\w+)(\(\^\[\^:\/\]\+\))?/g, "{$1}")
    .replaceAll("::", ":")
    .replaceAll(/\}:\{(\w+)\}/g, "}:$1");
}
