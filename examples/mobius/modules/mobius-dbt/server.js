import { readFileSync } from "node:fs";
import { openDatabase } from "./mobius-contracts/postgres.js";
import { answer, requireVariables, serve } from "./mobius-contracts/service.js";

const { CHAT_DATABASE_URL } = requireVariables("CHAT_DATABASE_URL");
const { BQ_DATASET = "", GCS_BUCKET = "" } = process.env;
const database = openDatabase(CHAT_DATABASE_URL);
const models = JSON.parse(readFileSync(new URL("generated/models.json", import.meta.url), "utf8"));

serve({
  routes: {
    "GET /config": () => ({ dataset: BQ_DATASET, bucket: GCS_BUCKET, models: Object.keys(models) }),
    "GET /models/:name": ({ params }) => {
      const isKnown = Object.hasOwn(models, params.name);
      return isKnown ? { name: params.name, statement: models[params.name] } : answer(404, { error: "no such model" });
    },
    "GET /landed": () => database.query("SELECT model, landed_at FROM published_rag_metadata ORDER BY model"),
  },
  stop: () => database.end(),
});
