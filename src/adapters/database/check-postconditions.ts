import type { Client } from "pg";
import { messageOf } from "./cluster-access.ts";

/**
 * What is not true of the database that should be, in words; empty where all of it is. Each statement has to give one row
 * with a single true. The extended protocol takes one statement only, so nothing hides behind a semicolon.
 */
export async function brokenPostconditions(client: Client, statements: readonly string[]): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const text of statements) {
    try {
      const { rows } = await client.query<unknown[]>({ text, rowMode: "array", queryMode: "extended" } as never);
      const [row, ...others] = rows;
      if (row?.length === 1 && row[0] === true && others.length === 0) continue;
      const gave = rows.length === 1 ? JSON.stringify(row) : `${rows.length} rows`;
      broken.push(`Its postcondition is not true: ${text} gave ${gave}.`);
    } catch (error) {
      broken.push(`Its postcondition could not be asked: ${text}: ${messageOf(error)}`);
      break; // within a transaction every other statement would fail alike
    }
  }
  return broken;
}
