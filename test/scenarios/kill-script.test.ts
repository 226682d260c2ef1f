import { describe, expect, it } from "vitest";
import { Installation } from "./installation.ts";
import { eventsOf, repeated } from "./release-events.ts";

const LONG = 180_000;

describe("a release that is cut while a module's own script runs", () => {
  // Nobody knows whether a script may run twice, so it is not run again: the release fails, and says at which step.
  it("fails truthfully after kill -9 of the server, and the next release does not do the work again", {
    timeout: LONG,
  }, async () => {
    await using here = await Installation.make();
    const killed = await here.demo(["--once"], { MOBIUS_KILL_POINT: "candidate:mobius-dbt-ui:after" }).ended;
    expect(killed.signal, killed.err).toBe("SIGKILL");

    const demo = here.demo();
    await demo.waitFor(/Stop with Ctrl-C/);
    expect(demo.text()).toContain('(step "Build & deploy mobius-dbt")');
    expect(demo.text()).toContain("mobius-dbt-ui removed: it had never been released");
    expect((await eventsOf(here, "REL-1")).at(-1)?.line).toBe("✗ failed: traffic is as it was");
    expect(demo.text()).toMatch(/^REL-2 succeeded after /m);
    const second = await eventsOf(here, "REL-2");
    expect(second.map((event) => event.line ?? "").filter((line) => / built /.test(line))).toEqual([]);
    expect(second.filter((event) => event.type === "migration-applied")).toEqual([]);

    demo.kill("SIGINT");
    await demo.ended;
    expect(await here.leftBehind()).toEqual([]);
  });

  it("comes to a truthful end when the supervisor of the build is killed", { timeout: LONG }, async () => {
    await using here = await Installation.make();
    const demo = here.demo();
    await demo.waitFor(/▸ migrate/);
    await here.killLast(/supervisor\.ts .*builds/);
    await demo.waitFor(/Stop with Ctrl-C|error\[/);
    const [release] = await here.json<readonly { id: string; state: string }[]>(["status"]);
    expect(["succeeded", "failed"]).toContain(release?.state);
    const events = await eventsOf(here, "REL-1");
    expect(events.at(-1)?.type).toBe("release-ended");
    expect(repeated(events, "migration-applied")).toEqual([]);
    demo.kill("SIGINT");
    await demo.ended;
    expect(await here.leftBehind()).toEqual([]);
  });
});
