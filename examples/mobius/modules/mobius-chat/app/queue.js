const TYPES = ["database"];
/** A question that was claimed this long ago belongs to a worker that died. */
const ABANDONED = "1 minute";

/** The questions that wait for an answer, as a table. Throws for a type of queue that it does not know. */
export function openQueue(database, { queue, queueType }) {
  if (!TYPES.includes(queueType)) throw new Error(`queue type "${queueType}" is none of: ${TYPES.join(", ")}`);
  return {
    async add(question) {
      const [row] = await database.query(
        "INSERT INTO chat_queue (queue, question) VALUES ($1, $2) RETURNING id::text, status",
        [queue, question],
      );
      return row;
    },
    async take() {
      const [row] = await database.query(
        `UPDATE chat_queue SET status = 'running', claimed_at = now() WHERE id = (
           SELECT id FROM chat_queue
           WHERE queue = $1 AND (status = 'queued' OR status = 'running' AND claimed_at < now() - $2::interval)
           ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
         ) RETURNING id, question`,
        [queue, ABANDONED],
      );
      return row;
    },
    giveBack: (id) => database.query("UPDATE chat_queue SET status = 'queued' WHERE id = $1", [id]),
    finish: (id, text) =>
      database.query(
        `WITH answered AS (
           INSERT INTO chat_answers (question_id, answer) VALUES ($1::bigint, $2) ON CONFLICT (question_id) DO NOTHING
         )
         UPDATE chat_queue SET status = 'done' WHERE id = $1::bigint`,
        [id, text],
      ),
    async answerTo(id) {
      const [row] = await database.query(
        `SELECT q.id::text, q.status, coalesce(a.answer, '') AS text
         FROM chat_queue q LEFT JOIN chat_answers a ON a.question_id = q.id WHERE q.id = $1`,
        [id],
      );
      return row;
    },
    async waiting() {
      const [row] = await database.query(
        "SELECT count(*) AS waiting FROM chat_queue WHERE queue = $1 AND status <> 'done'",
        [queue],
      );
      return row.waiting;
    },
  };
}
