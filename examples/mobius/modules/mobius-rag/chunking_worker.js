import { claim } from "./app/claim.js";
import { openDatabase } from "./mobius-contracts/postgres.js";
import { requireVariables } from "./mobius-contracts/service.js";
import { runWorker } from "./mobius-contracts/worker.js";

const { DATABASE_URL } = requireVariables("DATABASE_URL");
const { QUEUE_PREFIX = "" } = process.env;
const database = openDatabase(DATABASE_URL);
const CHUNK_CHARACTERS = 400;

runWorker({
  async takeOne() {
    const job = await claim(database, "chunking_jobs", `${QUEUE_PREFIX}chunking`);
    if (job === undefined) return false;
    // One statement: the chunks, their embedding jobs and the end of this job are there together or not at all.
    await database.query(
      `WITH made AS (
         INSERT INTO chunks (job_id, position, text)
         SELECT $1::bigint, ordinality, value FROM json_array_elements_text($2::json) WITH ORDINALITY
         ON CONFLICT (job_id, position) DO NOTHING RETURNING id
       ), queued AS (
         INSERT INTO embedding_jobs (queue, chunk_id) SELECT $3, id FROM made
       )
       UPDATE chunking_jobs SET status = 'done', finished_at = now() WHERE id = $1::bigint`,
      [job.id, chunksOf(job.text), `${QUEUE_PREFIX}embedding`],
    );
    console.log(`job ${job.id} chunked`);
    return true;
  },
  stop: () => database.end(),
});

function chunksOf(text) {
  const chunks = [];
  for (let at = 0; at < text.length; at += CHUNK_CHARACTERS) chunks.push(text.slice(at, at + CHUNK_CHARACTERS));
  return chunks;
}
