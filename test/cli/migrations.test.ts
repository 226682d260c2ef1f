import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/values/digest.ts";
import { PLATFORM_TEXT, type ServerWorld, startServerWorld, TOKEN } from "../server/server-world.ts";
import { runMobius } from "./run-mobius.ts";

const WITH_DATABASES = PLATFORM_TEXT.replace(
  "project: mobius-staging\n",
  "project: mobius-staging\n    databases: { app: { user: app, password: app-password }, rag: { user: rag, password: rag-password } }\n",
).replace(
  "repository: ./app.git, path: app",
  "repository: ./app.git, path: app, migrations: { database: app, kind: sql, directory: db }",
);

describe("migrations on the command line", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    const app = Object.fromEntries(["001", "002", "003"].map((name) => [`db/${name}.sql`, "SELECT 1;"]));
    server = await startServerWorld({ platformText: WITH_DATABASES, app });
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

  describe("of a database that something else has migrated", () => {
    const why = ["--reason", "migrated by hand so far"] as const;

    it("are shown first, then adopted from its table, with who said so and why", async () => {
      const earlier = ["baseline", "staging", "app", "--from", "schema_migrations", ...why];
      server.world.ledger.splice(0, 99);
      server.world.earlierRows["app/schema_migrations"] = [{ filename: "001.sql" }, { filename: "002.sql" }];
      const shown = await mobius(...earlier, "--dry-run");
      expect(shown.out).toMatch(
        /^app of staging: 2 migrations of app would be adopted, at [0-9a-f]{12}\n {2}db\/001\.sql/,
      );
      expect(shown.out).toMatch(
        /Not applied, as far as the ledger knows:\n {2}db\/003\.sql\nNothing was written\.\s*$/,
      );
      expect(server.world.ledger).toEqual([]);
      expect((await mobius(...earlier)).code).toBe(0);
      expect(server.world.ledger).toMatchObject([
        { identifier: "db/001.sql", checksum: digestOf("SELECT 1;"), state: "applied", release: "baseline" },
        { identifier: "db/002.sql" },
      ]);
      expect((await mobius(...earlier)).out).toContain("0 migrations of app adopted");
      const listed = await mobius("list", "staging");
      expect(listed.out).toContain("db/001.sql  (app) applied by baseline");
      expect(listed.out).toContain(
        "app: 2 migrations of app, from schema_migrations, said person:ada: migrated by hand so far",
      );
      const asked = (await server.audit.latest(100)).filter(({ what }) => what === "mobius.baselineMigrations");
      expect(asked.length).toBeGreaterThan(0);
    });

    it("are named by hand, through one or each of them", async () => {
      server.world.ledger.splice(0, 99);
      const through = await mobius("baseline", "staging", "app", "--through", "002.sql", "--json", ...why);
      const view = JSON.parse(through.out);
      expect(view.migrations.map((each: { identifier: string }) => each.identifier)).toEqual([
        "db/001.sql",
        "db/002.sql",
      ]);
      expect(view.left).toEqual(["db/003.sql"]);
      expect((await mobius("baseline", "staging", "app", "--only", "003.sql", "--only", "001.sql", ...why)).code).toBe(
        0,
      );
      expect(server.world.ledger.map(({ identifier }) => identifier)).toEqual([
        "db/001.sql",
        "db/002.sql",
        "db/003.sql",
      ]);
    });

    it.each([
      [["staging", "app"], 3, "baseline-unsaid"],
      [["staging", "app", "--through", "001.sql", "--only", "002.sql"], 3, "baseline-unsaid"],
      [["staging", "rag", "--through", "001.sql"], 3, "baseline-module-unclear"],
      [["staging", "app", "--from", "alembic_version"], 3, "baseline-source-missing"],
      [["staging", "app", "--only", "9.sql"], 3, "baseline-migration-missing"],
      [["staging", "app", "--through", "001.sql", "--commit", "nowhere"], 3, "commit-not-pushed"],
      [["staging", "app", "--through", "001.sql"], 3, "migration-dirty"],
    ] as const)("are not adopted where it cannot be right: %j", async (argv, code, problem) => {
      const before = [...server.world.ledger];
      const refused = await mobius("baseline", ...argv, ...why);
      expect([refused.code, refused.err]).toEqual([code, expect.stringContaining(`error[${problem}]`)]);
      expect(server.world.ledger).toEqual(before);
    });

    it("say everything that is wrong at once", async () => {
      server.world.ledger.splice(0, 99);
      const refused = await mobius("baseline", "staging", "app", "--only", "8.sql", "--only", "9.sql", ...why);
      expect(refused.err.match(/error\[baseline-migration-missing\]/g)).toHaveLength(2);
    });
  });

  it("are settled and adopted by nobody while a release has the environment", async () => {
    const { leases } = server.world.ports();
    const taken = await leases.acquire({ lease: "environment/staging", holder: "REL-7", ttlMs: 600_000 });
    const refused = await mobius("resolve", "staging", "land.sh", "--applied", "--reason", "x");
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining("staging is being changed by REL-7.")]);
    expect(server.world.ledger).toContainEqual(row("land.sh", "started"));
    server.world.ledger.splice(0, 99);
    const other = await mobius("baseline", "staging", "app", "--through", "001.sql", "--reason", "x");
    expect([other.code, other.err]).toEqual([5, expect.stringContaining("staging is being changed by REL-7.")]);
    expect(server.world.ledger).toEqual([]);
    if (taken.kind === "acquired") await leases.release(taken.fence);
  });
});
