import { z } from "zod";
import { KEPT_MINUTES } from "../core/metrics/request-counts.ts";
import { ROUTES } from "../ports/api/contract.ts";
import { requestInvalid } from "./problems.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

const query = z.object({
  minutes: z.coerce.number().int().min(1).max(KEPT_MINUTES).default(60),
  service: z.string().min(1).max(100).optional(),
});

/** What people ask of the requests of an environment. */
export function registerMetricsRoutes(routing: Routing): void {
  addRoute(routing, ROUTES.requestMetrics, async ({ request, reply }) => {
    const asked = query.safeParse(request.query);
    if (!asked.success) {
      const reasons = asked.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
      return sendProblems(reply, [requestInvalid(reasons)]);
    }
    const { minutes, service } = asked.data;
    const { environment } = request.params as { readonly environment: string };
    const read = await routing.deps.requestMetrics.read({
      environment,
      minutes,
      ...(service === undefined ? {} : { service }),
    });
    return read.ok ? read.value : sendProblems(reply, read.error);
  });
}
