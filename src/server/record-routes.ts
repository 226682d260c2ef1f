import { z } from "zod";
import type { Problem } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";
import { ROUTES } from "../ports/api/contract.ts";
import type { Route } from "../ports/api/route.ts";
import { requestInvalid } from "./problems.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

const name = z.string().min(1).max(300);
/** A parameter given once is a text, one given more often a list. */
const names = z.preprocess(
  (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
  z.array(name).max(100),
);
const whereQuery = z.object({ subject: name, environment: names });
const changelogQuery = z.object({
  from: name,
  to: name,
  limit: z.coerce.number().int().min(0).max(1_000).default(50),
});
const recordsQuery = z.object({
  environment: name.optional(),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});

/** What people ask of the records; nothing here changes anything. */
export function registerRecordRoutes(routing: Routing): void {
  const { records } = routing.deps;
  addReading(routing, ROUTES.where, whereQuery, ({ subject, environment }) => records.where(subject, environment));
  addReading(routing, ROUTES.changelog, changelogQuery, (query) => records.changelog(query));
  addReading(routing, ROUTES.records, recordsQuery, ({ after, environment }) => records.records(after, environment));
}

function addReading<Q extends z.ZodType>(
  routing: Routing,
  route: Route,
  form: Q,
  read: (query: z.output<Q>) => Promise<Result<unknown, Problem>>,
): void {
  addRoute(routing, route, async ({ request, reply }) => {
    const query = form.safeParse(request.query);
    if (!query.success) {
      const reasons = query.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
      return sendProblems(reply, [requestInvalid(reasons)]);
    }
    const answer = await read(query.data);
    return answer.ok ? answer.value : sendProblems(reply, [answer.error]);
  });
}
