/** A job that was claimed this long ago belongs to a worker that died. */
const ABANDONED = "1 minute";

/** Claims the oldest job of a queue; undefined when there is none. Two workers never get the same one. */
export async function claim(database, table, queue) {
  const [job] = await database.query(
    `UPDATE ${table} SET status = 'running', claimed_at = now() WHERE id = (
       SELECT id FROM ${table}
       WHERE queue = $1 AND (status = 'queued' OR status = 'running' AND claimed_at < now() - $2::interval)
       ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
     ) RETURNING *`,
    [queue, ABANDONED],
  );
  return job;
}
