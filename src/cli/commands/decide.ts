import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { freezeWithoutEnd } from "../problems.ts";
import { report } from "../report.ts";

/** Agrees to a release's plan; with a digest, to that one only. */
export async function approve(
  context: CommandContext,
  request: { readonly release: string; readonly plan?: string; readonly comment: string },
): Promise<number> {
  const { release, ...body } = request;
  return decided(context, release, "approve", body);
}

/** Ends a release that waits. */
export async function reject(context: CommandContext, release: string, reason: string): Promise<number> {
  return decided(context, release, "reject", { reason });
}

async function decided(
  context: CommandContext,
  release: string,
  verb: "approve" | "reject" | "except",
  body: unknown,
): Promise<number> {
  const answer = await context.server.decide(release, verb, body);
  if (!answer.ok) return report(context, answer.error);
  const { id } = answer.value;
  const done = { approve: "approved", reject: "rejected", except: "let through" }[verb];
  if (context.json) context.out(JSON.stringify(answer.value, undefined, 2));
  else context.out(`${id} is ${done}. Follow it: mobius watch ${id}`);
  return EXIT.success;
}

/** Keeps an environment's releases back. */
export async function hold(
  context: CommandContext,
  environment: string,
  body: { readonly reason: string; readonly until?: string },
): Promise<number> {
  return governed(context, { environment, verb: "hold", body }, `is on hold. Lift it: mobius resume ${environment}`);
}

/** Lifts what holds an environment. */
export async function resume(context: CommandContext, environment: string, reason: string): Promise<number> {
  return governed(
    context,
    { environment, verb: "resume", body: { reason } },
    "takes releases again. Its releases: mobius status",
  );
}

export interface FreezeOptions {
  readonly environment: string;
  readonly reason: string;
  readonly name: string;
  readonly until?: string;
  /** Ends the freeze of this name instead. */
  readonly lift?: string;
  /** Lets this release through instead. */
  readonly except?: string;
}

/** Sets a freeze, lifts one, or lets one release through. */
export async function freeze(context: CommandContext, options: FreezeOptions): Promise<number> {
  const { environment, reason, name, until, lift, except } = options;
  if (except !== undefined) return decided(context, except, "except", { reason });
  if (lift !== undefined) {
    return governed(
      context,
      { environment, verb: "liftFreeze", body: { name: lift, reason } },
      `is no longer frozen by "${lift}".`,
    );
  }
  if (until === undefined) return report(context, [freezeWithoutEnd(environment)]);
  return governed(context, { environment, verb: "freeze", body: { name, reason, until } }, `is frozen until ${until}.`);
}

interface Governing {
  readonly environment: string;
  readonly verb: "hold" | "resume" | "freeze" | "liftFreeze";
  readonly body: unknown;
}

async function governed(
  context: CommandContext,
  { environment, verb, body }: Governing,
  done: string,
): Promise<number> {
  const answer = await context.server.govern(environment, verb, body);
  if (!answer.ok) return report(context, answer.error);
  if (context.json) context.out(JSON.stringify(answer.value, undefined, 2));
  else context.out(`${answer.value.environment} ${done}`);
  return EXIT.success;
}
