import { createServer } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Fate, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

let served = 0;
const target = createServer((request, response) => {
  served += 1;
  request.pipe(response.writeHead(200, { "content-type": "text/plain" }));
});
let proxy: FaultProxy;

beforeAll(async () => {
  await new Promise<void>((listening) => target.listen(0, "127.0.0.1", listening));
  const address = target.address();
  proxy = await startFaultProxy(typeof address === "object" ? (address?.port ?? 0) : 0);
});
afterAll(async () => {
  await proxy.close();
  await new Promise((closed) => target.close(closed));
});

/** The answer to one call that fares so, and how often the target did its work. */
async function call(fate: Fate) {
  served = 0;
  proxy.arm({ 1: fate });
  const answer = await fetch(proxy.url, { method: "POST", body: "work" })
    .then(async (got) => ({ status: got.status, retry: got.headers.get("retry-after"), text: await got.text() }))
    .catch(() => "broken off" as const);
  return { answer, served, struck: proxy.struck };
}

it("breaks a call off before its work, after it, and in the middle of the answer", async () => {
  const broken = { answer: "broken off", struck: 1 };
  expect(await call({ kind: "cut", when: "before" })).toEqual({ ...broken, served: 0 });
  expect(await call({ kind: "cut", when: "after" })).toEqual({ ...broken, served: 1 });
  expect(await call({ kind: "cut", when: "within" })).toEqual({ ...broken, served: 1 });
});

it("answers itself without the work being done, and says when to come again", async () => {
  const { answer, served: times } = await call({ kind: "answer", status: 429, retryAfterS: 1 });
  expect(answer).toMatchObject({ status: 429, retry: "1" });
  expect(times).toBe(0);
});

it("passes on what fares well, however late", async () => {
  const late = await call({ kind: "delay", ms: 1 });
  expect(late).toEqual({ answer: { status: 200, retry: null, text: "work" }, served: 1, struck: 1 });
  expect(await (await fetch(proxy.url, { method: "POST", body: "again" })).text()).toBe("again");
});
