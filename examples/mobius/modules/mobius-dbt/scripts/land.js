import { openDatabase } from "../vendor/postgres.js";
import { readModels } from "./read_models.js";

const database = openDatabase(process.env.DATABASE_URL);
try {
  for (const [model, statement] of Object.entries(await readModels())) {
    await database.query(
      `INSERT INTO published_rag_metadata (model, statement) VALUES ($1, $2)
       ON CONFLICT (model) DO UPDATE SET statement = excluded.statement, landed_at = now()
       WHERE published_rag_metadata.statement <> excluded.statement`,
      [model, statement],
    );
    console.log(`landed ${model}`);
  }
} finally {
  await database.end();
}
