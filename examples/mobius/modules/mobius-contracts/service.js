import { createServer } from "node:http";

const BODY_LIMIT_BYTES = 64 * 1024;
/** What Cloud Run gives an instance between SIGTERM and SIGKILL, less a reserve. */
const DRAIN_MS = 8_000;

/** An answer other than 200 with JSON. */
export function answer(status, body, type = "application/json") {
  return { isAnswer: true, status, body, type };
}

/** Ends the process at once, naming what is missing: a service that lacks a variable must not take traffic. */
export function requireVariables(...names) {
  const missing = names.filter((name) => (process.env[name] ?? "") === "");
  if (missing.length === 0) return Object.fromEntries(names.map((name) => [name, process.env[name]]));
  console.error(`refusing to start: ${missing.join(" and ")} must be set`);
  process.exit(1);
}

/**
 * Serves `routes` (`"GET /jobs/:id"` → a function of `{ params, query, body }` that gives JSON, or an `answer`) on
 * `$PORT`, with `/version` added. On SIGTERM requests under way are finished, then `stop` is awaited, then it ends.
 */
export function serve({ routes, stop = async () => {} }) {
  const table = Object.entries({ "GET /version": version, ...routes }).map(([route, run]) => {
    const [method, path] = route.split(" ");
    return { method, path: path.split("/"), run };
  });
  const server = createServer((request, response) => {
    respond(table, request).then(
      (given) => write(response, given),
      (error) => {
        console.error(`${request.method} ${request.url}: ${error.message}`);
        write(response, answer(500, { error: error.message }));
      },
    );
  });
  // Loopback is enough where the router stands on the same machine; in a container set HOST=0.0.0.0.
  server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? "127.0.0.1", () => {
    console.log(`${version().service} listens on port ${server.address().port}`);
  });
  process.once("SIGTERM", () => {
    setTimeout(() => process.exit(0), DRAIN_MS).unref();
    server.close(() => stop().finally(() => process.exit(0)));
    server.closeIdleConnections();
  });
  return server;
}

export function version() {
  return { service: process.env.K_SERVICE ?? "service", revision: process.env.K_REVISION ?? "none" };
}

async function respond(table, request) {
  const url = new URL(request.url, "http://service");
  const parts = url.pathname.split("/");
  for (const { method, path, run } of table) {
    const params = method === request.method ? match(path, parts) : undefined;
    if (params === undefined) continue;
    const body = method === "POST" ? await readJson(request) : undefined;
    const given = await run({ params, query: url.searchParams, body, headers: request.headers });
    return given?.isAnswer ? given : answer(200, given);
  }
  return answer(404, { error: `there is no ${request.method} ${url.pathname}` });
}

function match(path, parts) {
  if (path.length !== parts.length) return undefined;
  const params = {};
  for (const [index, segment] of path.entries()) {
    if (segment.startsWith(":")) params[segment.slice(1)] = decodeURIComponent(parts[index]);
    else if (segment !== parts[index]) return undefined;
  }
  return params;
}

async function readJson(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > BODY_LIMIT_BYTES) throw new Error("the body is larger than 64 KiB");
  }
  return text === "" ? {} : JSON.parse(text);
}

function write(response, { status, body, type }) {
  const text = type === "application/json" ? JSON.stringify(body) : body;
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}
