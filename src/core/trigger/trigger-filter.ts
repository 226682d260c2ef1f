import { Environment } from "@marcbachmann/cel-js";
import { err, ok, type Result } from "../values/result.ts";

/** Whether substitutions let an event through. */
export type TriggerFilter = (substitutions: Readonly<Record<string, string>>) => boolean;

/** Long filters cost time with each delivery. */
const MAX_LENGTH = 4_096;

/**
 * A trigger's `filter`: CEL over the names of substitutions, all of them text. One that cannot be evaluated, such as for a
 * name that is not there, lets nothing through.
 */
export function parseFilter(text: string): Result<TriggerFilter, string> {
  if (text.length > MAX_LENGTH) return err(`it has more than ${MAX_LENGTH} characters`);
  try {
    const evaluate = new Environment({ unlistedVariablesAreDyn: true }).parse(text);
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
