import { err, ok, type Result } from "../values/result.ts";
import { textOfBase64 } from "./base64.ts";

const BINDING = /\$\(body((?:\.[A-Za-z_][\w-]*|\['[^']*'\]|\[\d+\])*)\)/g;
const PART = /\.([A-Za-z_][\w-]*)|\['([^']*)'\]|\[(\d+)\]/g;

/** Values with an event's payload in them. */
export interface BoundValues {
  /** As they read. */
  readonly values: Readonly<Record<string, string>>;
  /** As they go into a triggered build, which reads them once more: nothing that the payload gave names another value. */
  readonly literal: Readonly<Record<string, string>>;
  /** By key, the texts that the payload gave: its sender wrote them. */
  readonly given: Readonly<Record<string, readonly string[]>>;
}

/**
 * Puts an event's payload into values: `$(body)` is all of it as JSON, `$(body.a.b)` a field of it. Text stands as it is,
 * a map or list as JSON. What is put in is not read again. A field that is not there is an error, named by its binding.
 */
export function bindPayload(values: Readonly<Record<string, string>>, payload: unknown): Result<BoundValues, string> {
  const body = withDecodedMessage(payload);
  const bind = (key: string, value: string, put: (text: string | undefined, binding: string) => string) =>
    value.replace(BINDING, (binding: string, path: string) => put(textAt(body, path), `${binding} of ${key}`));
  const missing: string[] = [];
  const given: Record<string, string[]> = {};
  const read = mapped(values, (key, value) =>
    bind(key, value, (text, binding) => {
      if (text === undefined) missing.push(binding);
      else given[key] = [...(given[key] ?? []), text];
      return text ?? "";
    }),
  );
  if (missing.length > 0) return err(`the payload has no ${missing.join(", no ")}`);
  const literal = mapped(values, (key, value) => bind(key, value, (text = "") => escapeValue(text)));
  return ok({ values: read, literal, given });
}

/** The text as the value of a triggered build that stands for nothing but itself. */
export function escapeValue(text: string): string {
  return text.replaceAll("$", "$$$$");
}

function mapped(values: Readonly<Record<string, string>>, change: (key: string, value: string) => string) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(key, value)]));
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
