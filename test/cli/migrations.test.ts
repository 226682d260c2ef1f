import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/values/digest.ts";
import { PLATFORM_TEXT, type ServerWorld, startServerWorld, TOKEN } from "../server/server-world.ts";
import { runMobius } from "./run-mobius.ts";

const WITH_DATABASES = PLATFORM_TEXT.replace(
  "project: mobius-staging\n",
  "project: mobius-staging\n    databases: { app: { user: app, password: app-password }, rag: { user: rag, password: rag-password } }\n",
);

describe("migrations on the command line", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    server = await startServerWorld({ platformText: WITH_DATABASES });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const mobius = (...argv: readonly string[]) =>
    runMobius(["migrations", ...argv], { url: server.base, token: TOKEN, files: { "mobius.yaml": WITH_DATABASES } });
  const row = (identifier: string, state: "started" | "applied", database = "app") => ({
    ...{ database, module: "app", identifier, checksum: digestOf(identifier), release: "REL-1", state },
  });

  beforeEach(() => {
    server.world.ledger.splice(
      0,
      99,
      row("001.sql", "applied"),
      row("land.sh", "started"),
      row("x.sql", "started", "rag"),
    );
  });

  it("show every ledger, and what is to be done about what is dirty", async () => {
    const listed = await mobius("list", "staging");
    expect(listed.code).toBe(0);
    expect(listed.out).toContain("staging: 3 migrations, 2 DIRTY");
    expect(listed.out).toContain("  app\n    001.sql  (app) applied by REL-1");
    expect(listed.out).toContain("  ! land.sh  (app) DIRTY, started by REL-1");
    expect(listed.out).toContain('mobius migrations resolve staging land.sh --applied --reason "…"');
    const { migrations } = JSON.parse((await mobius("list", "staging", "--json")).out);
    expect(migrations.map((each: { state: string }) => each.state)).toEqual(["applied", "dirty", "dirty"]);
  });

  it("are settled by a person, whose name and reason stay", async () => {
    const settled = await mobius("resolve", "staging", "land.sh", "--applied", "--reason", "ran it by hand");
    expect(settled.code).toBe(0);
    expect(server.world.ledger).toContainEqual(row("land.sh", "applied"));
    expect(settled.out).toMatch(/app: land\.sh applied, said person:ada: ran it by hand/);
    const undone = await mobius("resolve", "staging", "x.sql", "--not-applied", "--reason", "nothing was there");
    expect(undone.out).toContain("2 migrations, none of them dirty");
    const asked = (await server.audit.latest(100)).filter(({ what }) => what === "mobius.settleMigration");
    expect(asked.map(({ who }) => who)).toMatchObject([{ id: "ada" }, { id: "ada" }]);
  });

  it.each([
    [["resolve", "staging", "land.sh", "--reason", "x"], 3, "outcome-unsaid"],
    [["resolve", "staging", "land.sh", "--applied", "--not-applied", "--reason", "x"], 3, "outcome-unsaid"],
    [["resolve", "staging", "land", "--applied", "--reason", "x"], 3, "migration-unknown"],
    [["resolve", "staging", "001.sql", "--applied", "--reason", "x"], 5, "migration-not-dirty"],
    [["resolve", "stagin", "land.sh", "--applied", "--reason", "x"], 3, "environment-unknown"],
    [["list", "stagin"], 3, "environment-unknown"],
  ] as const)("are left alone by %j", async (argv, code, problem) => {
    const before = [...server.world.ledger];
    const refused = await mobius(...argv);
    expect([refused.code, refused.err]).toEqual([code, expect.stringContaining(`error[${problem}]`)]);
    expect(server.world.ledger).toEqual(before);
  });

  it("are settled by nobody while a release has the environment", async () => {
    const { leases } = server.world.ports();
    const taken = await leases.acquire({ lease: "environment/staging", holder: "REL-7", ttlMs: 600_000 });
    const refused = await mobius("resolve", "staging", "land.sh", "--applied", "--reason", "x");
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining("staging is being changed by REL-7.")]);
    expect(server.world.ledger).toContainEqual(row("land.sh", "started"));
    if (taken.kind === "acquired") await leases.release(taken.fence);
  });
});
