import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const config = process.argv[process.argv.indexOf("--config") + 1] ?? "chat_qa.json";
const { questions, withinSeconds } = JSON.parse(await readFile(new URL(config, import.meta.url), "utf8"));
const { CHAT_URL } = process.env;
if (CHAT_URL === undefined) {
  console.error("CHAT_URL must be set");
  process.exit(2);
}

let failed = 0;
for (const question of questions) {
  const answered = await ask(question);
  console.log(`${answered ? "ok    " : "FAILED"} ${question}`);
  if (!answered) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);

async function ask(question) {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ question }) };
  const { id } = await (await fetch(`${CHAT_URL}/chat`, post)).json();
  for (const end = Date.now() + withinSeconds * 1_000; Date.now() < end; await sleep(200)) {
    const { status, text } = await (await fetch(`${CHAT_URL}/chat/response/${id}`)).json();
    if (status === "done") return text !== "";
  }
  return false;
}
