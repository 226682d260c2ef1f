import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../system/system-clock.ts";
import { createProbe } from "./probe.ts";

const HANDLERS: Readonly<Record<string, RequestListener>> = {
  "/ok": (_request, response) => response.writeHead(200, { "X-Kind": "test" }).end('{"status":"up"}'),
  "/down": (_request, response) => response.writeHead(503).end("busy"),
  "/moved": (_request, response) => response.writeHead(302, { location: "/ok" }).end(),
  "/large": (_request, response) => response.end(Buffer.alloc(3 * 1024 * 1024, "x")),
  "/never": () => {},
  "/breaks": (_request, response) => response.destroy(),
  "/echo": (request, response) => {
    response.setHeader("content-type", request.headers["content-type"] ?? "");
    request.pipe(response);
  },
};

describe("createProbe", () => {
  let server: Server;
  let base: string;
  const probe = createProbe(systemClock);
  const ask = (path: string, more: { timeoutMs?: number; signal?: AbortSignal; json?: unknown } = {}) =>
    probe.request({
      method: more.json === undefined ? "GET" : "POST",
      url: `${base}${path}`,
      timeoutMs: more.timeoutMs ?? 5_000,
      signal: more.signal ?? new AbortController().signal,
      ...(more.json === undefined ? {} : { json: more.json }),
    });

  beforeAll(async () => {
    server = createServer((request, response) => HANDLERS[request.url ?? ""]?.(request, response));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("gives status, headers in lower case, body and time", async () => {
    expect(await ask("/ok")).toMatchObject({
      kind: "answered",
      status: 200,
      headers: { "x-kind": "test" },
      body: '{"status":"up"}',
      durationMs: expect.any(Number),
    });
    expect(await ask("/down")).toMatchObject({ kind: "answered", status: 503, body: "busy" });
  });

  it("takes what is left of a deadline, which is seldom a whole number of milliseconds", async () => {
    expect(await ask("/ok", { timeoutMs: 4_999.992 })).toMatchObject({ kind: "answered", status: 200 });
  });

  it("follows no redirect", async () => {
    expect(await ask("/moved")).toMatchObject({ kind: "answered", status: 302, headers: { location: "/ok" } });
  });

  it("sends JSON", async () => {
    expect(await ask("/echo", { json: { question: "why" } })).toMatchObject({
      body: '{"question":"why"}',
      headers: { "content-type": "application/json" },
    });
  });

  it("reads a mebibyte and no more", async () => {
    const answer = await ask("/large");
    expect(answer.kind === "answered" && answer.body.length).toBe(1024 * 1024);
  });

  it("says that there was no answer in time, and why there was none at all", async () => {
    expect(await ask("/never", { timeoutMs: 50 })).toEqual({ kind: "no-answer", reason: "no answer in time" });
    expect(await ask("/breaks")).toMatchObject({
      kind: "no-answer",
      reason: expect.stringMatching(/closed|hang up|reset/),
    });
    const refused = await probe.request({
      method: "GET",
      url: "http://127.0.0.1:1/",
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    expect(refused).toMatchObject({ kind: "no-answer", reason: expect.stringMatching(/refused|bad port/i) });
  });

  it("ends at once when it is told to", async () => {
    const controller = new AbortController();
    const asked = ask("/never", { signal: controller.signal });
    controller.abort();
    expect(await asked).toMatchObject({ kind: "no-answer" });
  });
});
