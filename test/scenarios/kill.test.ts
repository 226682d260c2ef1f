import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation, type Running } from "./installation.ts";
import { eventsOf, repeated } from "./release-events.ts";

const LONG = 120_000;

/** In the order in which one release comes to them: the server dies at each, and the next start goes on from there. */
const KILLS: readonly (readonly [during: string, point: string])[] = [
  ["the build's submission", "build:after"],
  ["checkout", "phase:checkout"],
  ["an image build", "phase:build"],
  ["the backup", "back-up:after"],
  ["a migration", "migrate:db/schema/017_a_chat_queue.sql:before"],
  ["a migration that is applied already", "migrate:db/schema/054_default_titles.sql:after"],
  ["a migration by script", "migrate:scripts/land_and_dbt_run.sh:after"],
  ["the shift, before traffic moves", "shift:mobius-rag:before"],
  ["the shift, after traffic moved", "shift:module-hub:after"],
  ["the record", "record:after"],
];

describe("one release whose server is killed with -9", () => {
  let here: Installation;
  let demo: Running | undefined;

  beforeAll(async () => {
    here = await Installation.make();
  });
  afterAll(async () => {
    demo?.kill("SIGINT");
    await demo?.ended;
    await here[Symbol.asyncDispose]();
  });

  it.each(KILLS)("during %s: its supervisors end what they ran", { timeout: LONG }, async (_during, point) => {
    const ended = await here.demo(["--once"], { MOBIUS_KILL_POINT: point }).ended;
    expect(ended.signal, ended.err).toBe("SIGKILL");
    // PostgreSQL stays, and is adopted by the next start.
    await expect
      .poll(async () => (await here.processes()).filter((line) => !line.includes("postgres")), { timeout: 15_000 })
      .toEqual([]);
  });

  it("is finished by the next start", { timeout: LONG }, async () => {
    demo = here.demo();
    await demo.waitFor(/Stop with Ctrl-C/);
    const events = await eventsOf(here, "REL-1");
    const told = events.map((event) => event.line ?? event.type).join("\n");
    expect(demo.text(), told).toContain("REL-1 goes on from where it was");
    expect(demo.text(), told).toMatch(/^REL-1 succeeded after /m);
    expect(demo.text()).toContain("Nothing to do: staging has what");
    expect(events.at(-1)).toMatchObject({ type: "release-ended", line: "✓ released" });
  });

  it("did nothing twice: one build, one record, each phase and migration once", async () => {
    const events = await eventsOf(here, "REL-1");
    expect(repeated(events, "phase-succeeded")).toEqual([]);
    expect(repeated(events, "migration-applied")).toEqual([]);
    expect(repeated(events, "traffic-shifted")).toEqual([]);
    expect(events.filter((event) => event.type === "migration-applied")).toHaveLength(16);
    expect(events.filter((event) => event.type === "build-submitted")).toHaveLength(1);
    const records = await here.git(".", "log", "--format=%(trailers:key=Mobius-Release,valueonly)", "origin/main");
    expect(records.split("\n").filter((line) => line === "REL-1")).toHaveLength(1);
  });

  it("leaves no process when the server ends", { timeout: LONG }, async () => {
    demo?.kill("SIGINT");
    await demo?.ended;
    expect(await here.leftBehind()).toEqual([]);
  });
});
