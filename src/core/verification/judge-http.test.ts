import { describe, expect, it } from "vitest";
import { valuesAt } from "./json-path.ts";
import { type Answer, judgeHttp } from "./judge-http.ts";

const STATUS = '{"services":{"chat":{"status":"up"},"rag":{"status":"down"}}}';

function answer(over: Partial<Extract<Answer, { kind: "answered" }>>): Answer {
  return { kind: "answered", status: 200, headers: {}, body: "", durationMs: 5, ...over };
}

describe("judgeHttp", () => {
  const plain = { status: 200, json: {}, headers: {} };
  const rows: readonly [string, Parameters<typeof judgeHttp>, string, string][] = [
    ["passes on the expected status", [plain, answer({})], "passed", "status 200"],
    [
      "fails on another status, with what the body said",
      [plain, answer({ status: 401, body: "no\n entry" })],
      "failed",
      "status 401 instead of 200: no entry",
    ],
    [
      "finds out nothing without an answer",
      [plain, { kind: "no-answer", reason: "connection refused" }],
      "inconclusive",
      "connection refused",
    ],
    [
      "asks for a text in the body",
      [{ ...plain, body: "ready" }, answer({ body: "warming" })],
      "failed",
      'the body lacks "ready": warming',
    ],
    [
      "asks for a header",
      [{ ...plain, headers: { "X-Rev": "7" } }, answer({ headers: { "x-rev": "6" } })],
      "failed",
      "header X-Rev is 6 instead of 7",
    ],
    [
      "asks for a time",
      [{ ...plain, latencyMs: 100 }, answer({ durationMs: 250 })],
      "failed",
      "answered in 250 ms, more than 100 ms",
    ],
    [
      "names the member that is wrong",
      [{ ...plain, json: { "services.*.status": "up" } }, answer({ body: STATUS })],
      "failed",
      'services.rag.status is "down" instead of "up"',
    ],
    [
      "takes nothing at a path for a failure",
      [{ ...plain, json: { "items.0": 1 } }, answer({ body: "{}" })],
      "failed",
      "nothing stands at items.0",
    ],
    [
      "takes a body that is no JSON for a failure",
      [{ ...plain, json: { a: 1 } }, answer({ body: "<html>" })],
      "failed",
      "the body is no JSON: <html>",
    ],
    [
      "passes when every member is right",
      [{ ...plain, json: { "services.chat.status": "up" } }, answer({ body: STATUS })],
      "passed",
      "status 200",
    ],
  ];
  it.each(rows)("%s", (_name, [expected, given], verdict, evidence) => {
    expect(judgeHttp(expected, given)).toEqual({ verdict, evidence });
  });
});

describe("valuesAt", () => {
  it("follows names, positions and stars, and says which way it went", () => {
    const found = valuesAt({ items: [{ id: 1 }, { id: 2 }, {}] }, "items.*.id");
    expect(found).toEqual([
      { path: "items.0.id", value: 1 },
      { path: "items.1.id", value: 2 },
    ]);
  });

  it("leads nowhere in what has no members", () => {
    expect(valuesAt("text", "length")).toEqual([]);
  });
});
