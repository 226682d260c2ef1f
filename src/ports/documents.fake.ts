import { err, ok } from "../core/values/result.ts";
import type { Document, Documents } from "./documents.ts";

/** Above this many characters of JSON a document is a bug of the writer. */
const MAX_DOCUMENT = 1024 * 1024;

type Collection = Map<string, { readonly text: string; readonly version: number }>;

/** Documents in memory, kept as JSON, so that a reader never shares an object with the writer. */
export function createMemoryDocuments(): Documents {
  const collections = new Map<string, Collection>();
  const collection = (name: string) => {
    const found: Collection = collections.get(name) ?? new Map();
    collections.set(name, found);
    return found;
  };
  const read = <T>(name: string, key: string): Document<T> | undefined => {
    const found = collection(name).get(key);
    return found && { key, value: JSON.parse(found.text) as T, version: found.version };
  };

  return {
    get: async (name, key) => read(name, key),
    async put<T>(name: string, key: string, value: T, expectedVersion: number) {
      const actual = collection(name).get(key)?.version ?? 0;
      if (actual !== expectedVersion) return err({ actual });
      const text = JSON.stringify(value);
      if (text.length > MAX_DOCUMENT) throw new RangeError(`document ${name}/${key} has ${text.length} characters`);
      collection(name).set(key, { text, version: actual + 1 });
      return ok({ key, value: JSON.parse(text) as T, version: actual + 1 });
    },
    async list<T>({ collection: name, prefix, limit, afterKey = "" }: Parameters<Documents["list"]>[0]) {
      const keys = [...collection(name).keys()].filter((key) => key.startsWith(prefix) && key > afterKey).sort();
      return keys.slice(0, limit).flatMap((key) => read<T>(name, key) ?? []);
    },
    async remove(name, key) {
      collection(name).delete(key);
    },
  };
}
