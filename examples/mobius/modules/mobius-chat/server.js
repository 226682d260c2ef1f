import { openQueue } from "./app/queue.js";
import { readSettings } from "./app/settings.js";
import { openDatabase } from "./mobius-contracts/postgres.js";
import { answer, requireVariables, serve } from "./mobius-contracts/service.js";
import { compose } from "./mobius-skills-core/compose.js";

const { DATABASE_URL, RAG_API_URL } = requireVariables("DATABASE_URL", "RAG_API_URL");
const { MOBIUS_SKILL_LLM_INTERNAL_KEY = "" } = process.env;
const settings = readSettings(process.env);
const database = openDatabase(DATABASE_URL);
const queue = () => openQueue(database, settings);

serve({
  routes: {
    // Shallow on purpose: it says that the process runs. What it needs is asked by /ready.
    "GET /health": () => ({ status: "ok" }),
    "GET /ready": async () => {
      try {
        return { status: "ok", queue: "ok", waiting: await queue().waiting() };
      } catch (error) {
        return answer(503, { status: "unavailable", queue: error.message });
      }
    },
    "GET /chat/config": () => ({
      liveStream: settings.liveStream,
      corsOrigins: settings.corsOrigins,
      searchesAt: RAG_API_URL,
    }),
    "POST /chat": async ({ body }) => {
      const question = typeof body.question === "string" ? body.question : "What does retrieval find?";
      return answer(202, await queue().add(question));
    },
    "GET /chat/response/:id": async ({ params }) => {
      const found = /^\d{1,18}$/.test(params.id) ? await queue().answerTo(params.id) : undefined;
      return found ?? answer(404, { error: "no such question" });
    },
    "POST /internal/skill-llm": ({ body, headers }) => {
      const isInternal =
        MOBIUS_SKILL_LLM_INTERNAL_KEY !== "" && headers["x-internal-key"] === MOBIUS_SKILL_LLM_INTERNAL_KEY;
      return isInternal ? { text: compose("", body.texts ?? []) } : answer(403, { error: "internal only" });
    },
  },
  stop: () => database.end(),
});
