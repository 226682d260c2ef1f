import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { type Serve, startCloud, untilDone } from "./run-world.ts";

const SHIFTS = 100;
const LONG = 120_000;
const PLACE = "/v2/projects/p1/locations/us-central1";

/** Asks over and over, on connections that are kept, until its input ends; then says what it was answered. */
const LOAD = `
const http = require("node:http");
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const answers = {}; const failed = []; let isOver = false;
process.stdin.resume().on("end", () => { isOver = true; });
const ask = () => new Promise((done) => {
  const note = (what) => { failed.push(what); done(); };
  http.get(process.argv[1], { agent }, (answer) => {
    let body = "";
    answer.setEncoding("utf8").on("data", (piece) => { body += piece; }).on("error", (error) => note(String(error)));
    answer.on("end", () => {
      if (answer.statusCode !== 200) return note(answer.statusCode + " " + body);
      answers[body] = (answers[body] ?? 0) + 1;
      done();
    });
  }).on("error", (error) => note(String(error)));
});
const pause = () => new Promise((next) => setTimeout(next, 5));
const loop = async () => { while (!isOver) { await ask(); await pause(); } };
Promise.all(Array.from({ length: 8 }, loop)).then(() => { agent.destroy(); console.log(JSON.stringify({ answers, failed })); });
`;

it("fails no request while traffic is shifted a hundred times under constant load", { timeout: LONG }, async () => {
  const stream = Promise.withResolvers<void>();
  const serve: Serve = (revision) =>
    createServer(async ({ url }, response) => {
      if (url !== "/stream") return response.end(revision);
      response.write("begun on ");
      await stream.promise;
      response.end(revision);
    }).on("upgrade", (_, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n");
      socket.pipe(socket);
    });
  await using cloud = await startCloud(() => {}, serve);
  const call = async (method: string, path: string, body: unknown) => {
    const answer = await fetch(`${cloud.url}${PLACE}/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { name } = (await answer.json()) as { name: string };
    await untilDone(`${cloud.url}/v2/${name}`);
  };
  const template = (revision: string) => ({ revision, containers: [{ image: revision }] });
  const to = (revision: string) => [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision, percent: 100 }];
  await call("POST", "services?serviceId=api", { template: template("api-one") });
  await call("PATCH", "services/api?updateMask=template,traffic", {
    template: template("api-two"),
    traffic: to("api-one"),
  });
  const { uri } = (await (await fetch(`${cloud.url}${PLACE}/services/api`)).json()) as { uri: string };

  const load = spawn(process.execPath, ["-e", LOAD, uri], { stdio: ["pipe", "pipe", "inherit"] });
  const said = text(load.stdout);
  const streamed = fetch(`${uri}/stream`).then((answer) => answer.text());
  const socket = await upgraded(uri);
  for (let shift = 0; shift < SHIFTS; shift += 1) {
    await call("PATCH", "services/api?updateMask=traffic", { traffic: to(shift % 2 === 0 ? "api-two" : "api-one") });
  }
  socket.write("hello");
  expect(String((await once(socket, "data"))[0])).toBe("hello");
  socket.destroy();
  stream.resolve();
  expect(await streamed).toBe("begun on api-one");
  load.stdin.end();
  const { answers, failed } = JSON.parse(await said) as { answers: Record<string, number>; failed: string[] };
  expect(failed).toEqual([]);
  expect(Object.keys(answers).sort()).toEqual(["api-one", "api-two"]);
  expect((answers["api-one"] ?? 0) + (answers["api-two"] ?? 0)).toBeGreaterThan(SHIFTS);
});

async function upgraded(uri: string): Promise<Socket> {
  const asked = request(uri, { headers: { connection: "upgrade", upgrade: "echo" } }).end();
  const [, socket] = (await once(asked, "upgrade")) as [unknown, Socket];
  return socket;
}
