import { claim } from "./app/claim.js";
import { embed } from "./app/embed.js";
import { openDatabase } from "./mobius-contracts/postgres.js";
import { requireVariables } from "./mobius-contracts/service.js";
import { runWorker } from "./mobius-contracts/worker.js";

const { DATABASE_URL } = requireVariables("DATABASE_URL");
const { QUEUE_PREFIX = "" } = process.env;
const database = openDatabase(DATABASE_URL);

runWorker({
  async takeOne() {
    const job = await claim(database, "embedding_jobs", `${QUEUE_PREFIX}embedding`);
    if (job === undefined) return false;
    const [chunk] = await database.query("SELECT id, text FROM chunks WHERE id = $1", [job.chunk_id]);
    await database.query(
      `WITH stored AS (
         INSERT INTO passages (chunk_id, text, vector) VALUES ($2::bigint, $3, $4::jsonb) ON CONFLICT (chunk_id) DO NOTHING
       )
       UPDATE embedding_jobs SET status = 'done', finished_at = now() WHERE id = $1::bigint`,
      [job.id, chunk.id, chunk.text, embed(chunk.text)],
    );
    console.log(`chunk ${chunk.id} embedded`);
    return true;
  },
  stop: () => database.end(),
});
