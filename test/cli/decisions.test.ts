import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseView } from "../../src/core/views/release-view.ts";
import {
  PLATFORM_TEXT,
  PRODUCTION_MANIFEST,
  type ServerWorld,
  startServerWorld,
  TOKEN,
} from "../server/server-world.ts";
import { COMMIT, runMobius } from "./run-mobius.ts";

describe("decisions on the command line", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    server = await startServerWorld();
    await server.engine.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const mobius = (argv: readonly string[], token = TOKEN) =>
    runMobius(argv, {
      url: server.base,
      token,
      at: { kind: "committed", commit: COMMIT },
      files: {
        "mobius.yaml": PLATFORM_TEXT,
        [PRODUCTION_MANIFEST]: `release_id: x-production\ncommits:\n  app: "${"1".repeat(40)}"\n`,
      },
    });

  async function tokenOf(person: string, role: string): Promise<string> {
    return (await mobius(["token", "create", person, "--role", role])).out.trim();
  }

  /** A release to production that waits, asked for by the owner. */
  async function waiting(): Promise<ReleaseView> {
    const asked = await mobius(["release", PRODUCTION_MANIFEST, "--json"]);
    expect(asked.code).toBe(6);
    return JSON.parse(asked.out) as ReleaseView;
  }

  const cancel = (id: string) => mobius(["cancel", id, "--reason", "the test is over"]);

  it("let a release to production wait for a person, and say so", async () => {
    const asked = await mobius(["release", PRODUCTION_MANIFEST]);
    expect(asked.code).toBe(6);
    expect(asked.out).toMatch(
      /^REL-\d+ waits\n {2}approvals: It has 0 of 1 approval by approver.* Since .*\n {4}Approve it as another person/,
    );
    const id = /REL-\d+/.exec(asked.out)?.[0] ?? "";
    const explained = await mobius(["explain", id]);
    expect(explained.out).toContain(`mobius approve ${id}`);
    expect(explained.out).toMatch(/is waiting since/);
    await cancel(id);
  });

  it("take an approval of another person with the role, and of nobody else", async () => {
    const { id, planDigest } = await waiting();
    const own = await mobius(["approve", id]);
    expect([own.code, own.err]).toEqual([4, expect.stringContaining("error[approval-by-proposer]")]);
    const developer = await mobius(["approve", id], await tokenOf("alan", "developer"));
    expect([developer.code, developer.err]).toEqual([4, expect.stringContaining("error[approval-not-allowed]")]);
    const grace = await tokenOf("grace", "approver");
    const other = await mobius(["approve", id, "--plan", "0123456789abcdef"], grace);
    expect([other.code, other.err]).toEqual([5, expect.stringContaining("error[plan-moved]")]);
    const agreed = await mobius(["approve", id, "--plan", planDigest, "--comment", "looks right", "--json"], grace);
    expect(agreed.code).toBe(0);
    expect(JSON.parse(agreed.out)).toMatchObject({ approvals: [{ by: "person:grace", comment: "looks right" }] });
    await expect.poll(async () => server.engine.get(id)?.stage.name).toBe("building");
    await cancel(id);
  });

  it("end a release that is rejected, with who and why", async () => {
    const { id } = await waiting();
    const grace = await tokenOf("grace", "approver");
    expect((await mobius(["reject", id, "--reason", "not today"], grace)).code).toBe(0);
    await expect.poll(() => server.engine.get(id)?.stage.name).toBe("ended");
    expect((await mobius(["explain", id])).out).toContain("rejected by person:grace: not today");
    expect((await mobius(["approve", id], grace)).code).toBe(5);
  });

  it("freeze an environment, let one release through, and lift it", async () => {
    const until = "2999-01-01T00:00:00Z";
    expect((await mobius(["freeze", "production", "--reason", "launch"])).err).toContain("error[freeze-without-end]");
    // The engine of this world lives in 1970.
    const past = await mobius(["freeze", "production", "--reason", "x", "--until", "1969-01-01T00:00:00Z"]);
    expect(past.err).toContain("error[end-passed]");
    const set = ["freeze", "production", "--name", "launch", "--reason", "the talk", "--until", until];
    expect((await mobius(set)).out).toBe(`production is frozen until ${until}.\n`);
    const { id, gates } = await waiting();
    expect(gates.map(({ gate }) => gate)).toEqual(["freeze", "approvals"]);
    expect((await mobius(["freeze", "production", "--except", id, "--reason", "it mends"])).code).toBe(0);
    await expect.poll(() => server.engine.get(id)?.closedGates.map(({ gate }) => gate)).toEqual(["approvals"]);
    expect(server.engine.get(id)?.exceptions).toMatchObject([
      { freeze: "launch", by: "person:ada", reason: "it mends" },
    ]);
    await cancel(id);
    const soon = await mobius(["freeze", "production", "--reason", "x", "--until", "36h"]);
    const [, at = ""] = /^production is frozen until (\S+)\.\n$/.exec(soon.out) ?? [];
    const hours = (Date.parse(at) - Date.now()) / 3_600_000;
    expect([
      Math.round(hours),
      (await mobius(["freeze", "production", "--lift", "freeze", "--reason", "x"])).code,
    ]).toEqual([36, 0]);
    const lift = ["freeze", "production", "--lift", "launch", "--reason", "over"];
    expect([(await mobius(lift)).code, (await mobius(lift)).err]).toEqual([
      0,
      expect.stringContaining("error[freeze-unknown]"),
    ]);
  });

  it("hold an environment until somebody resumes it", async () => {
    expect((await mobius(["hold", "production", "--reason", "looking"])).code).toBe(0);
    const { id, gates } = await waiting();
    expect(gates.find(({ gate }) => gate === "hold")?.reason).toBe("production is on hold by person:ada: looking.");
    expect((await mobius(["resume", "production", "--reason", "found"])).code).toBe(0);
    await expect.poll(() => server.engine.get(id)?.closedGates.map(({ gate }) => gate)).toEqual(["approvals"]);
    const again = await mobius(["resume", "production", "--reason", "found"]);
    expect([again.code, again.err]).toEqual([5, expect.stringContaining("error[hold-not-set]")]);
    await cancel(id);
    expect((await mobius(["hold", "qa", "--reason", "x"])).err).toContain("error[environment-unknown]");
  });

  it("have no rollback before anything was released", async () => {
    const refused = await mobius(["rollback", "staging", "--dry-run"]);
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining("error[rollback-impossible]")]);
  });

  it("give tokens as an admin only, show them once, and take them at once", async () => {
    const grace = await tokenOf("grace", "approver");
    const mine = await mobius(["token", "create", "mallory", "--role", "admin"], grace);
    expect([mine.code, mine.err]).toEqual([4, expect.stringContaining("error[not-allowed]")]);
    const listed = await mobius(["token", "list"]);
    expect(listed.out).toMatch(/^grace +approver/m);
    expect(listed.out).not.toContain(grace.slice(4, 40));
    const kept = await mobius(["token", "create", "grace", "--role", "approver", "--keep"]);
    expect(kept.files.get("people/grace")).toMatch(/^mob_/);
    expect(kept.out).not.toContain("mob_");
    expect((await mobius(["status"], grace)).code).toBe(4);
    const second = kept.files.get("people/grace");
    expect((await mobius(["status"], second)).code).toBe(0);
    expect((await mobius(["token", "revoke", "grace"])).code).toBe(0);
    expect((await mobius(["status"], second)).code).toBe(4);
  });
});
