import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { err, ok, type Result } from "../values/result.ts";
import { parsePattern } from "./safe-pattern.ts";

/** Whether substitutions let an event through. */
export type TriggerFilter = (substitutions: Readonly<Record<string, string>>) => boolean;

/** Long filters cost time with each delivery. */
const MAX_LENGTH = 4_096;
const LIMITS = { maxAstNodes: 1_000, maxDepth: 50, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 32 };
const THEIRS = "matches";
const OURS = "matchesRe2";

const PLAIN = new Environment({ unlistedVariablesAreDyn: true, limits: LIMITS });
const SAFE = PLAIN.clone().registerFunction(`string.${OURS}(string): bool`, (text: string, expression: string) => {
  const pattern = parsePattern(expression);
  if (!pattern.ok) throw new Error(pattern.error);
  return pattern.value(text);
});

/**
 * A trigger's `filter`: CEL over the names of substitutions, all of them text. One that cannot be evaluated, such as for a
 * name that is not there, lets nothing through. `matches` is RE2's, as on Google: the library's own would be JavaScript's.
 */
export function parseFilter(text: string): Result<TriggerFilter, string> {
  if (text.length > MAX_LENGTH) return err(`it has more than ${MAX_LENGTH} characters`);
  try {
    const evaluate = SAFE.parse(withOurMatches(text));
    if (callsOfMatches(evaluate.ast).length > 0) return err("a call of matches is not understood");
    return ok((substitutions) => {
      try {
        return evaluate({ ...substitutions }) === true;
      } catch {
        return false;
      }
    });
  } catch (cause) {
    return err(cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause));
  }
}

/** The text with our function in the library's place, from its end so that earlier places stay. */
function withOurMatches(text: string): string {
  const places = callsOfMatches(PLAIN.parse(text).ast).map((receiverEnd) => text.indexOf(THEIRS, receiverEnd));
  return places
    .sort((a, b) => b - a)
    .reduce((changed, at) => changed.slice(0, at) + OURS + changed.slice(at + THEIRS.length), text);
}

/** Where in the text the receivers of `matches` end. */
function callsOfMatches(node: unknown): readonly number[] {
  if (Array.isArray(node)) return node.flatMap(callsOfMatches);
  if (!(node instanceof Object) || !("op" in node)) return [];
  const { op, args } = node as ASTNode;
  const own = op === "rcall" && args[0] === THEIRS ? [args[1].end] : [];
  return [...own, ...callsOfMatches(args)];
}
