import { openDatabase } from "./mobius-contracts/postgres.js";
import { requireVariables } from "./mobius-contracts/service.js";

// The name is older than the platform's migration ledger: this job once replayed every file of db/schema and died at
// 033. Releases apply the files now; the job says whether the tables that the code needs are there.
const NEEDED = ["chat_threads", "published_rag_metadata", "chat_queue", "chat_answers"];

const { DATABASE_URL } = requireVariables("DATABASE_URL");
const database = openDatabase(DATABASE_URL);
const rows = await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
await database.end();
const present = new Set(rows.map((row) => row.tablename));
const missing = NEEDED.filter((table) => !present.has(table));
console.log(missing.length === 0 ? `all ${NEEDED.length} tables are there` : `missing: ${missing.join(", ")}`);
process.exitCode = missing.length === 0 ? 0 : 1;
