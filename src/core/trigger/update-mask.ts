import { camelCase } from "../build/build-schema.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { TriggerSettings } from "./trigger.ts";
import { TRIGGER } from "./trigger-schema.ts";

/** Of these a trigger has one: setting one takes the others away. */
const TEMPLATES = ["autodetect", "build", "filename", "gitFileSource"];

type Fields = Readonly<Record<string, unknown>>;

/**
 * The settings with those fields changed that the mask names: `disabled`, `github.push.branch`, also in snake_case. What
 * the mask names and the change lacks is taken away. Without a mask the change is all that there is.
 */
export function applyMask(
  settings: TriggerSettings,
  change: TriggerSettings,
  mask: readonly string[],
): Result<TriggerSettings, string> {
  if (mask.length === 0) return ok(change);
  let next: Fields = { ...settings };
  for (const path of mask) {
    const [first = "", ...rest] = path.split(".").map(camelCase);
    if (!Object.hasOwn(TRIGGER.fields, first)) return err(`invalid update mask: a trigger has no ${path}`);
    const isTemplate = TEMPLATES.includes(first) && first in change;
    if (isTemplate) next = without(next, (key) => TEMPLATES.includes(key) && key !== first);
    next = withField(next, change as Fields, [first, ...rest]);
  }
  return ok(next as TriggerSettings);
}

function withField(fields: Fields, change: Fields, [name = "", ...rest]: readonly string[]): Fields {
  const given = change[name];
  if (rest.length === 0)
    return given === undefined ? without(fields, (key) => key === name) : { ...fields, [name]: given };
  return { ...fields, [name]: withField(fieldsOf(fields[name]), fieldsOf(given), rest) };
}

function without(fields: Fields, isGone: (key: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !isGone(key)));
}

function fieldsOf(value: unknown): Fields {
  return value instanceof Object ? (value as Fields) : {};
}
