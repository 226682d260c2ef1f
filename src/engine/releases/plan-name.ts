import type { Plan } from "../../core/plan/plan.ts";

/** Digits of a plan's digest that are enough to name it. */
const PREFIX_LENGTH = 12;

/** Whether the text is the plan's digest, or a prefix of it that is long enough. */
export function isNamedBy(plan: Pick<Plan, "digest">, name: string): boolean {
  const hex = name.replace(/^sha256:/, "");
  return hex.length >= PREFIX_LENGTH && plan.digest.slice("sha256:".length).startsWith(hex);
}
