import { createServer } from "node:http";

/** Where every service says that it is well. Workers are listed and not asked: they answer nobody before the shift. */
const ASKED = {
  "mobius-os-backend": ["MOBIUS_OS_URL", "/health"],
  "mobius-rag": ["MOBIUS_RAG_BACKEND_URL", "/health"],
  "mobius-chat-api": ["MOBIUS_CHAT_URL", "/health"],
  "mobius-dbt-ui": ["MOBIUS_DBT_URL", "/config"],
  "mobius-skills-scraper": ["MOBIUS_SCRAPER_URL", "/health"],
};
const LISTED = {
  "mobius-rag-chunking-worker": "MOBIUS_RAG_CHUNKING_WORKER_URL",
  "mobius-rag-embedding-worker": "MOBIUS_RAG_EMBEDDING_WORKER_URL",
  "mobius-chat-worker": "MOBIUS_CHAT_WORKER_URL",
};
const UP_WITHIN_MS = 3_000;
const SLOW_AFTER_MS = 2_000;

const { env } = process;
const missing = [...Object.values(ASKED).map(([variable]) => variable), ...Object.values(LISTED)].filter(
  (variable) => !env[variable],
);
if (missing.length > 0) {
  console.error(`refusing to start: ${missing.join(" and ")} must be set`);
  process.exit(1);
}

const pages = {
  "/": async () => ["text/html; charset=utf-8", page((await status()).services)],
  "/health": async () => json({ status: "ok" }),
  "/version": async () => json({ service: env.K_SERVICE ?? "module-hub", revision: env.K_REVISION ?? "none" }),
  "/api/status": async () => json(await status()),
  "/api/config": async () => json(config()),
};

const server = createServer(async (request, response) => {
  const path = new URL(request.url, "http://hub").pathname;
  const make = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const [type, text] = make === undefined ? json({ error: `there is no ${path}` }) : await make();
  response.writeHead(make === undefined ? 404 : 200, { "content-type": type }).end(text);
});
server.listen(Number(env.PORT ?? 8080), env.HOST ?? "127.0.0.1");
process.once("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

async function status() {
  const asked = Object.entries(ASKED).map(async ([name, [variable, path]]) => [name, await ask(env[variable], path)]);
  const listed = Object.entries(LISTED).map(([name, variable]) => [name, { url: env[variable] }]);
  return { services: Object.fromEntries(await Promise.all(asked)), workers: Object.fromEntries(listed) };
}

async function ask(url, path) {
  const startedMs = Date.now();
  try {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(UP_WITHIN_MS) });
    await response.arrayBuffer();
    const isSlow = Date.now() - startedMs > SLOW_AFTER_MS;
    return response.ok ? { status: "up", url, isSlow } : { status: `answered ${response.status}`, url };
  } catch (error) {
    return { status: "down", url, reason: error.message };
  }
}

function config() {
  const { MOBIUS_REDIS_URL = "" } = env;
  const entries = Object.entries(ASKED).map(([name, [variable]]) => [name, env[variable]]);
  return { urls: Object.fromEntries(entries), redis: MOBIUS_REDIS_URL };
}

function json(value) {
  return ["application/json", JSON.stringify(value)];
}

function page(services) {
  const rows = Object.entries(services).map(
    ([name, { status: state, url }]) =>
      `<tr><td><a href="${escaped(url)}">${escaped(name)}</a></td><td>${escaped(state)}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mobius</title>
<style>body{font:16px system-ui;margin:3rem auto;max-width:40rem}td{padding:.3rem 2rem .3rem 0}</style>
<h1>Mobius</h1><table>${rows.join("")}</table></html>`;
}

function escaped(text) {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
