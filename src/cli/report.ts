import { type Problem, renderProblem } from "../core/values/problem.ts";
import { EXIT, exitCode } from "../ports/api/exit-codes.ts";
import type { CommandContext } from "./command-context.ts";

/** Shows problems and gives the command's exit code: that of the first one. */
export function report(context: Pick<CommandContext, "json" | "out" | "err">, problems: readonly Problem[]): number {
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", problems }, undefined, 2));
  else for (const problem of problems) context.err(renderProblem(problem));
  const [first] = problems;
  return first === undefined ? EXIT.failed : exitCode(first.code);
}

/** Warnings never stop a command. */
export function warn(context: Pick<CommandContext, "err">, warnings: readonly Problem[]): void {
  for (const warning of warnings) context.err(renderProblem(warning));
}
