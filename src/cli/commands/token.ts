import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** Gives a person roles and a token. The token is printed once, alone on standard output, or kept for `--as`. */
export async function createToken(
  context: CommandContext,
  request: { readonly person: string; readonly roles: readonly string[]; readonly kept: "here" | "nowhere" },
): Promise<number> {
  const { person: name, roles, kept } = request;
  const answer = await context.server.admit({ name, roles });
  if (!answer.ok) return report(context, answer.error);
  const { token, expiresAt } = answer.value;
  if (kept === "here") await context.keepPerson(name, token);
  if (context.json) context.out(JSON.stringify(kept === "here" ? { ...answer.value, token: undefined } : answer.value));
  else if (kept === "here") context.out(`Kept for this account until ${expiresAt}. Act as ${name}: --as ${name}`);
  else {
    context.out(token);
    context.err(`It is shown this once, and is good until ${expiresAt}. ${name} sets it as MOBIUS_TOKEN.`);
  }
  return EXIT.success;
}

/** Who has which roles. */
export async function listTokens(context: CommandContext): Promise<number> {
  const answer = await context.server.people();
  if (!answer.ok) return report(context, answer.error);
  const rows = answer.value.map(
    ({ name, roles, tokenEnd, expiresAt }) =>
      `${name.padEnd(20)} ${roles.join(",").padEnd(30)} …${tokenEnd}  until ${expiresAt}`,
  );
  if (context.json) context.out(JSON.stringify(answer.value, undefined, 2));
  else
    context.out(
      rows.length === 0 ? "Nobody yet. Add somebody: mobius token create <person> --role approver" : rows.join("\n"),
    );
  return EXIT.success;
}

/** Takes a person's token and roles. */
export async function revokeToken(context: CommandContext, name: string): Promise<number> {
  const answer = await context.server.dismiss(name);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value) : `The token of ${name} is worth nothing any more.`);
  return EXIT.success;
}
