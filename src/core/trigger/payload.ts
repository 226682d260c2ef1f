import { err, ok, type Result } from "../values/result.ts";
import { textOfBase64 } from "./base64.ts";

const BINDING = /\$\(body((?:\.[A-Za-z_][\w-]*|\['[^']*'\]|\[\d+\])*)\)/g;
const PART = /\.([A-Za-z_][\w-]*)|\['([^']*)'\]|\[(\d+)\]/g;

/**
 * Puts an event's payload into values: `$(body)` is all of it as JSON, `$(body.a.b)` a field of it. Text stands as it is,
 * a map or list as JSON. What is put in is not read again. A field that is not there is an error, named by its binding.
 */
export function bindPayload(
  values: Readonly<Record<string, string>>,
  payload: unknown,
): Result<Readonly<Record<string, string>>, string> {
  const missing: string[] = [];
  const body = withDecodedMessage(payload);
  const bound = Object.entries(values).map(([key, value]) => [
    key,
    value.replace(BINDING, (binding: string, path: string) => {
      const found = textAt(body, path);
      if (found === undefined) missing.push(`${binding} of ${key}`);
      return found ?? "";
    }),
  ]);
  return missing.length === 0 ? ok(Object.fromEntries(bound)) : err(`the payload has no ${missing.join(", no ")}`);
}

/** Keys whose values take something from a payload: its sender wrote a part of them. */
export function boundKeys(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => (value.search(BINDING) < 0 ? [] : [key]));
}

function textAt(payload: unknown, path: string): string | undefined {
  let at: unknown = payload;
  for (const [, name, quoted, index] of path.matchAll(PART)) {
    const key = name ?? quoted ?? index ?? "";
    if ((!isRecord(at) && !Array.isArray(at)) || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  if (at === undefined) return undefined;
  return typeof at === "string" ? at : JSON.stringify(at);
}

/** A push of Pub/Sub holds its message's data in base64: what it says is read, as JSON where it is some. */
function withDecodedMessage(payload: unknown): unknown {
  if (!isRecord(payload) || typeof payload.subscription !== "string" || !isRecord(payload.message)) return payload;
  const { data } = payload.message;
  const text = typeof data === "string" ? textOfBase64(data) : undefined;
  return text === undefined ? payload : { ...payload, message: { ...payload.message, data: jsonOr(text) } };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
