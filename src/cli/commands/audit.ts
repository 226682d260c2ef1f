import { count } from "../../core/values/count.ts";
import { auditLine } from "../../core/views/audit-text.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { auditBroken } from "../problems.ts";
import { report } from "../report.ts";

/** Shows the last rows. */
export async function listAudit(context: CommandContext, query: Readonly<Record<string, string>>): Promise<number> {
  const answer = await context.server.audit(new URLSearchParams(query));
  if (!answer.ok) return report(context, answer.error);
  if (context.json) context.out(JSON.stringify(answer.value, undefined, 2));
  else for (const row of answer.value) context.out(auditLine(row));
  if (answer.value.length === 0) context.err("No row.");
  return EXIT.success;
}

/** Has the server compute the chain again. */
export async function verifyAudit(context: CommandContext): Promise<number> {
  const answer = await context.server.auditVerification();
  if (!answer.ok) return report(context, answer.error);
  const { value } = answer;
  if (!value.whole) return report(context, [auditBroken(value.number, value.reason)]);
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", ...value }, undefined, 2));
  else context.out(`The audit log is whole: ${count(value.rows, "row")}, ending in ${value.head.digest}.`);
  return EXIT.success;
}

/** Prints every row as it comes. */
export async function exportAudit(context: CommandContext): Promise<number> {
  const answer = await context.server.auditRows(context.out);
  return answer.ok ? EXIT.success : report(context, answer.error);
}
