import { describe, expect, it } from "vitest";
import type { ReleaseSummary } from "../core/views/release-view.ts";
import { chooseUnderWay, chooseUnfinished } from "./choose-release.ts";
import { ServerClient } from "./server-client.ts";

type Seen = Pick<ReleaseSummary, "id" | "state" | "isFinished">;

const ended = (id: string): Seen => ({ id, state: "succeeded", isFinished: true });
const waits = (id: string): Seen => ({ id, state: "waiting", isFinished: false });
const builds = (id: string): Seen => ({ id, state: "building", isFinished: false });

/** A server that lists these releases, one list a look and the last one from then on; time passes by sleeping only. */
function choosing(...lists: (readonly Seen[])[]) {
  let look = 0;
  let nowMs = 0;
  const send = async () => Response.json(lists[Math.min(look++, lists.length - 1)]);
  return {
    server: new ServerClient({ url: "http://server", token: async () => "t", send }),
    clock: {
      now: () => 0 as never,
      monotonicMs: () => nowMs,
      sleep: async (durationMs: number) => {
        nowMs += durationMs;
      },
    },
    signal: new AbortController().signal,
    sleptMs: () => nowMs,
  };
}

describe("the release that is meant without a name", () => {
  it("is the newest under way, also where a newer one waits for a person", async () => {
    const context = choosing([waits("REL-3"), builds("REL-2"), ended("REL-1")]);
    expect(await chooseUnderWay(context, undefined)).toEqual({ ok: true, value: "REL-2" });
  });

  it.each([
    ["begins", builds("REL-2")],
    ["began and ended between two looks", ended("REL-2")],
    ["came to its gates between two looks", waits("REL-2")],
  ])("is the next that %s", async (_, next) => {
    const context = choosing([ended("REL-1")], [ended("REL-1")], [next, ended("REL-1")]);
    expect(await chooseUnderWay(context, undefined)).toEqual({ ok: true, value: "REL-2" });
  });

  it("is none where none begins within a minute", async () => {
    const context = choosing([waits("REL-2"), ended("REL-1")]);
    expect(await chooseUnderWay(context, undefined)).toMatchObject({ ok: false, error: [{ code: "release-unclear" }] });
    expect(context.sleptMs()).toBe(60_000);
  });

  it("is to be named where two have not ended and one would be stopped", async () => {
    const chosen = await chooseUnfinished(choosing([waits("REL-3"), builds("REL-2")]), undefined);
    expect(chosen).toMatchObject({ ok: false, error: [{ why: ["These have not ended: REL-3, REL-2."] }] });
  });
});
