import { err, ok } from "../../core/values/result.ts";
import type { Ids } from "../../ports/clock.ts";
import type { Document, Documents } from "../../ports/documents.ts";
import type { StoreConnection } from "./store-connection.ts";

/** Above this many bytes of JSON a document is a bug of the writer. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** PostgreSQL refuses it in a parameter, so no key holds it; callers ask for whatever stands in an address. */
const NUL = "\0";

interface DocumentRow {
  readonly key: string;
  readonly version: number;
  readonly value: unknown;
}

/** Documents as rows. A write carries an id, so that one whose answer was lost can be repeated. */
export function createDocuments(connection: StoreConnection, ids: Ids): Documents {
  return {
    async get<T>(collection: string, key: string) {
      if (key.includes(NUL)) return undefined;
      const [row] = await connection.query<DocumentRow>(
        "SELECT key, version, value FROM mobius.documents WHERE collection = $1 AND key = $2",
        [collection, key],
      );
      return row === undefined ? undefined : documentOf<T>(row);
    },
    async put<T>(collection: string, key: string, value: T, expectedVersion: number) {
      const text = JSON.stringify(value);
      const bytes = Buffer.byteLength(text);
      if (bytes > MAX_DOCUMENT_BYTES) throw new RangeError(`document ${collection}/${key} has ${bytes} bytes`);
      const writeId = ids.uuid();
      const sql = expectedVersion === 0 ? CREATE : REPLACE;
      const [row] = await connection.query<DocumentRow>(sql, [
        ...[collection, key, writeId, text],
        ...(expectedVersion === 0 ? [] : [expectedVersion]),
      ]);
      if (row !== undefined) return ok(documentOf<T>(row));
      return outcomeOf<T>(await current(connection, collection, key), writeId);
    },
    async list<T>({ collection, prefix, limit, afterKey = "" }: Parameters<Documents["list"]>[0]) {
      if (prefix.includes(NUL)) return [];
      // No key is between a text and the same with a NUL after it.
      const [after = ""] = afterKey.split(NUL);
      const rows = await connection.query<DocumentRow>(
        `SELECT key, version, value FROM mobius.documents
          WHERE collection = $1 AND key >= $2 AND starts_with(key, $2) AND key > $3 ORDER BY key LIMIT $4`,
        [collection, prefix, after, limit],
      );
      return rows.map((row) => documentOf<T>(row));
    },
    async remove(collection, key) {
      if (key.includes(NUL)) return;
      await connection.query("DELETE FROM mobius.documents WHERE collection = $1 AND key = $2", [collection, key]);
    },
  };
}

const CREATE = `INSERT INTO mobius.documents (collection, key, version, write_id, value) VALUES ($1, $2, 1, $3, $4)
  ON CONFLICT DO NOTHING RETURNING key, version, value`;

const REPLACE = `UPDATE mobius.documents SET version = version + 1, write_id = $3, value = $4
  WHERE collection = $1 AND key = $2 AND version = $5 RETURNING key, version, value`;

async function current(connection: StoreConnection, collection: string, key: string) {
  const [row] = await connection.query<DocumentRow & { readonly write_id: string }>(
    "SELECT key, version, value, write_id FROM mobius.documents WHERE collection = $1 AND key = $2",
    [collection, key],
  );
  return row;
}

/** The version is another than expected; it may be our own first try that made it so. */
function outcomeOf<T>(row: (DocumentRow & { readonly write_id: string }) | undefined, writeId: string) {
  if (row?.write_id === writeId) return ok(documentOf<T>(row));
  return err({ actual: row?.version ?? 0 });
}

function documentOf<T>(row: DocumentRow): Document<T> {
  // The caller names the type of what it wrote under this key.
  return { key: row.key, version: row.version, value: row.value as T };
}
