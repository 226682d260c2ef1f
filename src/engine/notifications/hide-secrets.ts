import { createStreamMasker } from "../../core/build/mask-stream.ts";
import type { Secret } from "../../core/values/secret.ts";

/** Between texts: nothing that a person or a program writes, and nothing that the masker looks past. */
const BETWEEN = "\u0000\u0001\u0000";
const HIDDEN = "****";

/**
 * A JSON value with every secret in its texts hidden, as in logs; its numbers and keys stay. All texts are searched in one
 * go, since preparing the search is what takes time.
 */
export function hideSecrets<T>(value: T, secrets: readonly Secret[]): T {
  if (secrets.length === 0) return value;
  const texts: string[] = [];
  mapTexts(value, (text) => {
    texts.push(text);
    return text;
  });
  const masker = createStreamMasker(secrets.map((secret) => Buffer.from(secret.reveal()).toString("latin1")));
  const begin = Buffer.from(masker.push(Buffer.from(texts.join(BETWEEN))));
  const hidden = Buffer.concat([begin, masker.flush()]).toString("utf8").split(BETWEEN);
  // A secret that holds what stands between texts would run them together: then nothing of them is shown.
  const isWhole = hidden.length === texts.length;
  let next = 0;
  // The shape is the same: only texts are changed.
  return mapTexts(value, () => (isWhole ? (hidden[next++] ?? HIDDEN) : HIDDEN)) as T;
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapTexts(member, change)]));
}
