import type { z } from "zod";

/** Who may call a route: nobody in particular, a person, or a step of a build. */
export type Permission = "public" | "person" | "step";

export interface Route {
  readonly method: "GET" | "POST";
  /** With Fastify's parameters, such as `/api/v1/releases/:release`. */
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly body?: z.ZodType;
  /** A POST that changes nothing, which the audit log leaves out. */
  readonly effect?: "none";
}
