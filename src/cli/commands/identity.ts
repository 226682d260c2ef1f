import { identitiesMarkdown, identitiesText } from "../../core/views/identities-view.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** Shows an environment's identities. */
export async function listIdentities(
  context: CommandContext,
  environment: string,
  form: "text" | "markdown",
): Promise<number> {
  const answer = await context.server.identities(environment);
  if (!answer.ok) return report(context, answer.error);
  if (form === "markdown") context.out(identitiesMarkdown(answer.value).trimEnd());
  else if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ...answer.value }, undefined, 2));
  else context.out(identitiesText(answer.value));
  return EXIT.success;
}

/** Asks about one permission. That it is denied is the answer, and exit code 1, not a refusal of the question. */
export async function testIdentity(
  context: CommandContext,
  asked: {
    readonly environment: string;
    readonly identity: string;
    readonly permission: string;
    readonly resource?: string;
  },
): Promise<number> {
  const { environment, identity, permission, resource } = asked;
  const query = new URLSearchParams({ permission, ...(resource === undefined ? {} : { resource }) });
  const answer = await context.server.identityDecision(environment, identity, query);
  if (!answer.ok) return report(context, answer.error);
  const { allowed, reason, ...rest } = answer.value;
  if (context.json) {
    context.out(JSON.stringify({ apiVersion: "mobius/v1", ...rest, allowed, reason }, undefined, 2));
  } else {
    context.out(`${allowed ? "allowed" : "denied"}: ${rest.email} ${rest.permission} on ${rest.resource}`);
    context.out(`  ${reason}`);
  }
  return allowed ? EXIT.success : EXIT.failed;
}

/** Grants a role, or takes one back that was granted; those of the platform file stay. */
export async function changeGrant(
  context: CommandContext,
  asked: {
    readonly change: "grant" | "revoke";
    readonly environment: string;
    readonly identity: string;
    readonly role: string;
    readonly resource?: string;
  },
): Promise<number> {
  const { environment, identity, ...body } = asked;
  const answer = await context.server.identityGrant(environment, identity, body);
  if (!answer.ok) return report(context, answer.error);
  const view = answer.value.identities.find((each) => each.identity === identity);
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ...view }, undefined, 2));
  else
    context.out(`${view?.email ?? identity} has ${view?.roles.length ?? 0} roles: mobius identity list ${environment}`);
  return EXIT.success;
}
