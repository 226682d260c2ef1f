import type { z } from "zod";
import type {
  notificationTestBody,
  pushTokenBody,
  sendAgainBody,
  subscribeBody,
  unsubscribeBody,
} from "../ports/api/bodies.ts";
import { ROUTES } from "../ports/api/contract.ts";
import { resourceUnknown } from "./problems.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** Notifications: how they are doing, and what people have done about them. */
export function registerNotificationRoutes(routing: Routing): void {
  const { notifications, pushToken } = routing.deps;
  addRoute(routing, ROUTES.channels, async ({ reply }) => {
    const channels = await notifications.channels();
    return channels.ok ? channels.value : sendProblems(reply, channels.error);
  });
  addRoute(routing, ROUTES.messages, async ({ request }) => {
    const { state } = request.query as { state?: string };
    return notifications.messages(
      state === "waiting" || state === "delivered" || state === "failed" ? state : undefined,
    );
  });
  addRoute<z.output<typeof notificationTestBody>>(routing, ROUTES.notificationTest, async ({ body, reply }) => {
    const sent = await notifications.test(body.channel, body.environment);
    return sent.ok ? { delivered: true } : sendProblems(reply, sent.error);
  });
  addRoute<z.output<typeof sendAgainBody>>(routing, ROUTES.sendAgain, async ({ body, reply }) => {
    const sent = await notifications.sendAgain(body.message);
    return sent.ok ? { messages: sent.value } : sendProblems(reply, [sent.error]);
  });
  addRoute<z.output<typeof subscribeBody>>(routing, ROUTES.subscribe, async ({ body, reply }) => {
    const made = await notifications.subscribe(body.environment, body.url);
    return made.ok ? reply.code(201).send(made.value) : sendProblems(reply, made.error);
  });
  addRoute<z.output<typeof unsubscribeBody>>(routing, ROUTES.unsubscribe, async ({ body, reply }) => {
    const ended = await notifications.unsubscribe(body.subscription);
    return ended.ok ? { ended: true } : sendProblems(reply, ended.error);
  });
  addRoute<z.output<typeof pushTokenBody>>(routing, ROUTES.pushToken, async ({ body, reply }) => {
    const made = await pushToken(body.environment);
    return made ?? sendProblems(reply, [resourceUnknown("environment", body.environment)]);
  });
}
