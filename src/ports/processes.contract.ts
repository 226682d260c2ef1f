import { describe, expect, it } from "vitest";
import type { ProcessSpec, Supervisors } from "./processes.ts";

/** Supervisors to test, with the processes that the cases need. */
export interface SupervisorsHarness extends AsyncDisposable {
  readonly supervisors: Supervisors;
  /** A folder of the harness's own. */
  readonly directory: string;
  /** A process that ends by itself with the code. */
  exits(id: string, code: number): ProcessSpec;
  /** A process that runs until it is ended. */
  lasts(id: string): ProcessSpec;
}

/** What every way to supervise keeps to. Runs on the fake and on real processes. */
export function describeSupervisors(label: string, start: () => Promise<SupervisorsHarness>): void {
  describe(`${label}: supervisors`, () => {
    it("tell how each process ended", async () => {
      await using h = await start();
      const supervisor = await h.supervisors.open({ name: "build-1", directory: h.directory });
      const [good, bad] = await Promise.all([supervisor.start(h.exits("a", 0)), supervisor.start(h.exits("b", 3))]);
      expect(await good.exited).toEqual({ id: "a", outcome: { kind: "exited", code: 0 } });
      expect(await bad.exited).toEqual({ id: "b", outcome: { kind: "exited", code: 3 } });
      expect(good.pid).not.toBe(bad.pid);
      await supervisor.close();
    });

    it("stop one process and leave the others", async () => {
      await using h = await start();
      const supervisor = await h.supervisors.open({ name: "build-1", directory: h.directory });
      const [first, second] = [await supervisor.start(h.lasts("a")), await supervisor.start(h.lasts("b"))];
      expect((await first.stop(1_000)).outcome.kind).toBe("signalled");
      const still = await Promise.race([second.exited, Promise.resolve("runs")]);
      expect(still).toBe("runs");
      expect((await second.stop(1_000)).outcome.kind).toBe("signalled");
      await supervisor.close();
    });

    it("stop what has ended without complaint", async () => {
      await using h = await start();
      const supervisor = await h.supervisors.open({ name: "build-1", directory: h.directory });
      const ended = await supervisor.start(h.exits("a", 0));
      await ended.exited;
      expect(await ended.stop(1_000)).toEqual({ id: "a", outcome: { kind: "exited", code: 0 } });
      await supervisor.close();
    });

    it("sweep nothing of their own", async () => {
      await using h = await start();
      const supervisor = await h.supervisors.open({ name: "build-1", directory: h.directory });
      const lasting = await supervisor.start(h.lasts("a"));
      expect(await h.supervisors.sweep()).toBe(0);
      expect((await lasting.stop(1_000)).outcome.kind).toBe("signalled");
      await supervisor.close();
    });
  });
}
