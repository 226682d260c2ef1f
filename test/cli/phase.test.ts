import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { phase } from "../../src/cli/commands/phase.ts";
import { ServerClient } from "../../src/cli/server-client.ts";
import { err, ok } from "../../src/core/values/result.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { StepWork } from "../../src/ports/step-work.ts";

const problem = {
  code: "check-failed",
  severity: "error",
  summary: "It failed.",
  why: ["x"],
  fix: "Mend it.",
} as const;
const end =
  (order: unknown): RequestListener =>
  (_request, response) => {
    response.write('{"type":"line","text":"working"}\n\n');
    response.end(`${JSON.stringify({ type: "end", ok: true, summary: "done", order })}\n`);
  };
const breaksOff: RequestListener = (_request, response) => {
  response.write('{"type":"line","text":"working"}\n');
  setImmediate(() => response.destroy());
};
const starting: RequestListener = (_request, response) =>
  response.writeHead(503).end(JSON.stringify({ error: { problems: [{ ...problem, code: "server-starting" }] } }));

describe("a step that asks for a phase", () => {
  let server: Server;
  let answers: RequestListener[];
  let bodies: unknown[];
  let slept: number[];
  beforeEach(async () => {
    answers = [];
    bodies = [];
    slept = [];
    server = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      request.on("end", () => {
        bodies.push(JSON.parse(text));
        answers.shift()?.(request, response);
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Time that passes as soon as somebody waits for it. */
  const clock: Clock = {
    now: systemClock.now,
    monotonicMs: () => slept.reduce((sum, ms) => sum + ms, 0),
    sleep: async (durationMs) => void slept.push(durationMs),
  };

  async function run(work: StepWork = { perform: async () => ok({ kind: "none" }) }) {
    const { port } = server.address() as AddressInfo;
    const lines: string[] = [];
    const say = (text: string) => void lines.push(text);
    const client = new ServerClient({
      url: `http://127.0.0.1:${port}`,
      token: async () => "step",
      send: (url, init) => fetch(url, init),
    });
    const code = await phase({ clock, out: say, err: say, server: client, work }, "build", "api");
    return { code, lines };
  }

  it("shows its lines and how it ended", async () => {
    answers = [end({ kind: "none" })];
    expect(await run()).toEqual({ code: 0, lines: ["working", "done"] });
    expect(bodies).toEqual([{ phase: "build", subject: "api" }]);
  });

  it("asks again when the server ends in the middle, and while it starts", async () => {
    answers = [breaksOff, starting, end({ kind: "none" })];
    const { code, lines } = await run();
    expect(code).toBe(0);
    expect(lines.at(-1)).toBe("done");
    expect(bodies).toHaveLength(3);
  });

  it("gives up a server that breaks off each time, and says so", async () => {
    answers = Array.from({ length: 1_000 }, () => breaksOff);
    const { code, lines } = await run();
    expect(code).toBe(1);
    expect(lines.join("\n")).toContain("error[phase-answer-lost]: The server's answer broke off.");
    expect(bodies).toHaveLength(5);
  });

  it("waits ten minutes for a server that is away, and no longer", async () => {
    answers = Array.from({ length: 1_000 }, () => starting);
    expect((await run()).code).toBe(1);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(600_000);
  });

  it("does not ask again when the answer is no", async () => {
    answers = [(_request, response) => response.end(`${JSON.stringify({ type: "end", ok: false, problem })}\n`)];
    const { code, lines } = await run();
    expect([code, lines[0]]).toEqual([1, expect.stringContaining("error[check-failed]")]);
    expect(bodies).toHaveLength(1);
  });

  it("carries an order out and reports what came of it, also when it failed", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const report = { kind: "image-built", image: "api", digest, reference: `gcr.io/p/api@${digest}` } as const;
    answers = [end({ kind: "checkout", repositories: [] }), breaksOff, end({ kind: "none" })];
    expect((await run({ perform: async () => ok(report as never) })).code).toBe(0);
    expect(bodies.slice(1)).toEqual([
      { phase: "report", subject: "api", report },
      { phase: "report", subject: "api", report },
    ]);
    answers = [end({ kind: "checkout", repositories: [] }), end({ kind: "none" })];
    expect((await run({ perform: async () => err(problem) })).code).toBe(1);
    expect(bodies.at(-1)).toMatchObject({ phase: "report", report: { kind: "failed", phase: "build", problem } });
  });
});
