import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { type Cluster, openCluster } from "../../src/adapters/postgres/open-cluster.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";

/** A real PostgreSQL for tests, gone with everything it kept when it is disposed of. */
export interface TestCluster extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly directory: string;
  /** Makes an empty database, and gives the settings to reach it as the superuser. */
  database(): Promise<ClientConfig>;
}

/** Starts a cluster in a folder of its own. */
export async function startTestCluster(): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), "mobius-cluster-"));
  const outcome = await openCluster({
    directory: join(directory, "cluster"),
    name: "test",
    clock: systemClock,
    ids: systemIds,
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  const cluster = outcome.value;
  let count = 0;
  return {
    cluster,
    directory,
    async database() {
      const name = `test_${++count}`;
      await queryOnce(cluster.connect(), `CREATE DATABASE ${name}`);
      return cluster.connect(name);
    },
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Runs one statement over a connection of its own. */
export async function queryOnce(
  config: ClientConfig,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(config);
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
