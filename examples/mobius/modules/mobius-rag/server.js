import { search } from "./app/search.js";
import { openDatabase } from "./mobius-contracts/postgres.js";
import { answer, requireVariables, serve } from "./mobius-contracts/service.js";

// The gate: without a model to ask, answers would silently be worse. So it does not start at all.
const { DATABASE_URL, CHAT_INTERNAL_LLM_URL } = requireVariables("CHAT_INTERNAL_LLM_URL", "DATABASE_URL");
const { MOBIUS_SKILL_LLM_INTERNAL_KEY = "", PUBLISH_GATE = "false", QUEUE_PREFIX = "" } = process.env;
const database = openDatabase(DATABASE_URL);
const SAMPLE_TEXT = "Retrieval finds the passages that answer a question.";

serve({
  routes: {
    "GET /health": () => ({ status: "ok", publishGate: PUBLISH_GATE === "true" }),
    "GET /health/deep": async () => {
      const [{ waiting }] = await database.query(
        "SELECT count(*) AS waiting FROM chunking_jobs WHERE status = 'queued'",
      );
      return { status: "ok", waiting };
    },
    "POST /jobs": async ({ body }) => {
      const [job] = await database.query(
        "INSERT INTO chunking_jobs (queue, text) VALUES ($1, $2) RETURNING id::text, status",
        [`${QUEUE_PREFIX}chunking`, typeof body.text === "string" ? body.text : SAMPLE_TEXT],
      );
      return answer(202, job);
    },
    "GET /jobs/:id": async ({ params }) => {
      if (!/^\d{1,18}$/.test(params.id)) return answer(404, { error: "no such job" });
      const [job] = await database.query("SELECT id::text, status FROM chunking_jobs WHERE id = $1", [params.id]);
      return job ?? answer(404, { error: "no such job" });
    },
    "GET /search": async ({ query }) => ({ passages: await search(database, query.get("q") ?? "") }),
    "GET /explain": async ({ query }) => {
      const passages = await search(database, query.get("q") ?? "");
      return { passages, explanation: await askModel(passages.map((passage) => passage.text)) };
    },
  },
  stop: () => database.end(),
});

/** The way back of the cycle: chat asks rag for passages, rag asks chat's model to explain them. */
async function askModel(texts) {
  const response = await fetch(CHAT_INTERNAL_LLM_URL, {
    method: "POST",
    headers: { "content-type": "application/json", "x-internal-key": MOBIUS_SKILL_LLM_INTERNAL_KEY },
    body: JSON.stringify({ texts }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the model at ${CHAT_INTERNAL_LLM_URL} answered ${response.status}`);
  return (await response.json()).text;
}
