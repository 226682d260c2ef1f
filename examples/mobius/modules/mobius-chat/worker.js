import { openQueue } from "./app/queue.js";
import { readSettings } from "./app/settings.js";
import { openDatabase } from "./mobius-contracts/postgres.js";
import { requireVariables } from "./mobius-contracts/service.js";
import { runWorker } from "./mobius-contracts/worker.js";
import { compose } from "./mobius-skills-core/compose.js";

const { DATABASE_URL, RAG_API_URL } = requireVariables("DATABASE_URL", "RAG_API_URL");
const database = openDatabase(DATABASE_URL);
const queue = openQueue(database, readSettings(process.env));

console.log("Worker listening for chat requests");
runWorker({
  async takeOne() {
    const asked = await queue.take();
    if (asked === undefined) return false;
    try {
      await queue.finish(asked.id, compose(asked.question, await search(asked.question)));
    } catch (error) {
      await queue.giveBack(asked.id);
      throw error;
    }
    console.log(`Response published for ${asked.id}`);
    return true;
  },
  stop: () => database.end(),
});

async function search(question) {
  const url = `${RAG_API_URL}?q=${encodeURIComponent(question)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()).passages.map((passage) => passage.text);
}
