import { embed, similarity } from "./embed.js";

const CANDIDATES = 500;
const BEST = 3;

/** The passages nearest to a question, best first. */
export async function search(database, question) {
  const wanted = embed(question);
  const rows = await database.query(
    "SELECT chunk_id AS id, text, vector FROM passages ORDER BY chunk_id DESC LIMIT $1",
    [CANDIDATES],
  );
  return rows
    .map(({ id, text, vector }) => ({ id, text, score: Number(similarity(wanted, vector).toFixed(4)) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, BEST);
}
