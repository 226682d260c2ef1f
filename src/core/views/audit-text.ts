import type { AuditRow } from "../audit/audit-row.ts";
import { instant, toIso } from "../values/time.ts";

/** A row for a terminal: when, what came of it, who, what and why. */
export function auditLine({ number, at, who, what, resource, outcome, reason }: AuditRow): string {
  const name = who.id === "" ? who.kind : `${who.kind} ${who.id}`;
  return `${number}  ${toIso(instant(at))}  ${outcome}  ${name}  ${what}  ${resource}  ${reason}`;
}
