import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MetricsView } from "../../src/core/views/metrics-view.ts";
import { PLATFORM_TEXT, type ServerWorld, startServerWorld, TOKEN } from "../server/server-world.ts";
import { runMobius } from "./run-mobius.ts";

describe("mobius metrics", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    server = await startServerWorld();
    const { clock } = server.world.ports();
    for (const status of [200, 200, 200, 503]) {
      server.world.requests.count({ service: "api", revision: "api-1", status, durationMs: 20, at: clock.now() });
    }
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const mobius = (...argv: string[]) =>
    runMobius(["metrics", ...argv], { url: server.base, token: TOKEN, files: { "mobius.yaml": PLATFORM_TEXT } });

  it("shows requests, errors and latencies of each revision", async () => {
    const { code, out } = await mobius("staging");
    expect(code).toBe(0);
    expect(out).toMatch(/^staging: requests that ended from \S+ to \S+\n\nSERVICE +REVISION/);
    expect(out).toMatch(/\napi +api-1 +0 % +4 +\S+ +25 % +18 ms +\d+ ms +\d+ ms +1 of 60 min\n/);
    expect(out).toContain("No release moved traffic in this time.");
  });

  it("prints one JSON document of the service and time asked for", async () => {
    const { code, out } = await mobius("staging", "--service", "api", "--since", "6h", "--json");
    const view = JSON.parse(out) as MetricsView;
    expect(code).toBe(0);
    expect(view).toMatchObject({ apiVersion: "mobius/v1", environment: "staging", sliceSeconds: 300 });
    expect(view.revisions).toMatchObject([
      { service: "api", revision: "api-1", measured: { requests: 4, errorPercent: 25 } },
    ]);
  });

  it("says that nothing is known where nothing is", async () => {
    await using idle = await startServerWorld();
    const setting = { url: idle.base, token: TOKEN, files: { "mobius.yaml": PLATFORM_TEXT } };
    const { code, out } = await runMobius(["metrics", "production"], setting);
    expect([code, out]).toEqual([0, expect.stringContaining("Nothing is known")]);
  });

  it.each([
    [["nowhere"], 3, "error[environment-unknown]"],
    [["staging", "--service", "apo"], 3, "error[service-unknown]"],
    [["staging", "--since", "2d"], 2, "at most 24h"],
    [["staging", "--since", "yesterday"], 2, "at most 24h"],
  ])("refuses %s with exit code %s", async (argv, code, words) => {
    const answer = await mobius(...argv);
    expect([answer.code, answer.err]).toEqual([code, expect.stringContaining(words)]);
  });

  it("exits 9 where the cloud does not tell", async () => {
    server.world.requests.refuse("14 UNAVAILABLE: gone for lunch");
    const { code, err } = await mobius("staging");
    expect([code, err]).toEqual([9, expect.stringContaining("gone for lunch")]);
    expect(err).toContain("error[metrics-unreadable]");
  });
});
