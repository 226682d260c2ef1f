import pg from "pg";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import { installationInUse } from "./problems.ts";

/** Any number that nothing else of ours locks. */
const LOCK = 70_707;

/**
 * Makes this process the installation's one active server for as long as its connection lives: a session lock in the
 * database, which no crash can leave behind. Gives the function that lets it go.
 */
export async function holdInstallation(
  connection: pg.ClientConfig,
  stateDirectory: string,
): Promise<Result<() => Promise<void>, Problem>> {
  const client = new pg.Client({ ...connection, application_name: "mobius/installation" });
  client.on("error", () => {}); // a lost connection is noticed by the next append
  await client.connect();
  const { rows } = await client.query<{ held: boolean }>("select pg_try_advisory_lock($1) as held", [LOCK]);
  if (rows[0]?.held === true) return ok(() => client.end());
  await client.end();
  return err(installationInUse(stateDirectory));
}
