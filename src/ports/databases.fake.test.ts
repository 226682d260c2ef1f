import { instant } from "../core/values/time.ts";
import { describeDatabases } from "./databases.contract.ts";
import { createMemoryDatabases } from "./databases.fake.ts";

describeDatabases("memory", async () => ({
  databases: createMemoryDatabases({ clock: { now: () => instant(1), monotonicMs: () => 1, sleep: async () => {} } }),
  database: "chat",
  [Symbol.asyncDispose]: async () => {},
}));
