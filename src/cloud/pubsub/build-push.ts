/** Where Pub/Sub pushes Cloud Build's messages to: what Google's engine says of its builds. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { BuildIntake } from "../../engine/notifications/accept-build.ts";
import type { PushedBuild, PushTokens } from "../../ports/push-tokens.ts";

/** The address, as `pushConfig.pushEndpoint` has it after the server's own. */
const PATH = "/api/v1/pubsub/builds";

const name = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\w.:-]+$/);

const pushed = z.object({
  message: z.object({
    data: z.string().max(4 * 1024 * 1024),
    messageId: name(200).optional(),
    attributes: z.record(z.string(), z.string()).default({}),
  }),
  subscription: z.string().max(1_000).optional(),
});

const build = z.object({
  id: name(100),
  projectId: name(100),
  status: name(50),
  buildTriggerId: name(200).optional(),
  logUrl: z.string().max(2_000).optional(),
});

/** Adds the route. Whoever has no token for it hears nothing but that, whatever the body is. */
export function registerBuildPush(
  app: FastifyInstance,
  parts: { readonly tokens: PushTokens; readonly intake: BuildIntake },
): void {
  app.post(PATH, async (request, reply) => {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const sender = await parts.tokens.verify(token);
    if (sender === undefined)
      return reply.code(401).send(refusal(401, "UNAUTHENTICATED", "The token is not valid here."));
    const told = buildOf(request.body);
    if (told === undefined) {
      return reply.code(400).send(refusal(400, "INVALID_ARGUMENT", "The body is no message of Pub/Sub about a build."));
    }
    if (sender.kind === "project" && sender.project !== told.project) {
      return reply.code(403).send(refusal(403, "PERMISSION_DENIED", "The token is for the builds of another project."));
    }
    const accepted = await parts.intake.accept(told);
    // Anything but a success makes Pub/Sub send it again.
    return reply.code(accepted.verdict === "later" ? 503 : 200).send(accepted);
  });
}

function buildOf(body: unknown): PushedBuild | undefined {
  const message = pushed.safeParse(body);
  if (!message.success) return undefined;
  const read = build.safeParse(jsonOf(Buffer.from(message.data.message.data, "base64").toString("utf8")));
  if (!read.success) return undefined;
  const { id, projectId, status, buildTriggerId, logUrl } = read.data;
  const isLink = logUrl !== undefined && URL.parse(logUrl)?.protocol === "https:";
  return {
    ...{ id, project: projectId, status },
    ...(buildTriggerId === undefined ? {} : { trigger: buildTriggerId }),
    ...(isLink ? { logUrl } : {}),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON is no build
  }
}

function refusal(code: number, status: string, message: string) {
  return { error: { code, message, status } };
}
