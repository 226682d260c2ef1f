import { err, ok, type Result } from "../../core/values/result.ts";
import type { Documents } from "../../ports/documents.ts";

/** Writers of one resource in this process are few; more conflicts than this are a fault. */
const MAX_ATTEMPTS = 20;

/**
 * Reads a document, changes it, and writes it unless somebody else wrote between; then from the start. The change sees
 * undefined where there is none, and may refuse; it must not have effects, as it may run more than once.
 */
export async function change<T, E>(
  documents: Documents,
  at: { readonly collection: string; readonly key: string },
  changed: (current: T | undefined) => Result<T, E>,
): Promise<Result<T, E>> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const current = await documents.get<T>(at.collection, at.key);
    const next = changed(current?.value);
    if (!next.ok) return err(next.error);
    if (current !== undefined && next.value === current.value) return ok(current.value);
    const written = await documents.put(at.collection, at.key, next.value, current?.version ?? 0);
    if (written.ok) return ok(written.value.value);
  }
  throw new Error(`${at.collection} ${at.key} was written by others ${MAX_ATTEMPTS} times`);
}
