import { describe, expect, it } from "vitest";
import { instant } from "../core/values/time.ts";
import { EXIT } from "../ports/api/exit-codes.ts";
import { followRelease } from "./follow-release.ts";
import { ServerClient } from "./server-client.ts";

/** An answer of which some text comes before the server dies. */
function broken(text: string): Response {
  let isSent = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (isSent) controller.error(new TypeError("terminated"));
      else controller.enqueue(new TextEncoder().encode(text));
      isSent = true;
    },
  });
  return new Response(body);
}

const line = (sequence: number) =>
  `data: ${JSON.stringify({ sequence, type: "phase-noted", line: `line ${sequence}` })}\n`;

describe("followRelease", () => {
  it("goes on where it was when the server dies and comes back", async () => {
    const asked: string[] = [];
    const answers = [broken(line(1)), broken(line(2)), new Response(line(3))];
    const send = async (url: string) => {
      const { pathname, search } = new URL(url);
      if (!pathname.endsWith("/events")) {
        return Response.json({ id: "REL-1", state: "succeeded", isFinished: answers.length === 0, gates: [] });
      }
      asked.push(search);
      return answers.shift() ?? new Response("");
    };
    const told: string[] = [];
    const server = new ServerClient({ url: "http://server", token: async () => undefined, send });
    const { signal } = new AbortController();
    const clock = { now: () => instant(0), monotonicMs: () => 0, sleep: async () => {} };
    const code = await followRelease(
      { json: false, out: () => {}, err: (text) => told.push(text), server, signal, clock },
      "REL-1",
    );
    expect([code, told]).toEqual([EXIT.success, ["line 1", "line 2", "line 3"]]);
    expect(asked).toEqual(["?after=0", "?after=1", "?after=2"]);
  });
});
