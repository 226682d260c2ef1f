import { describe, expect, it } from "vitest";
import { digestOf } from "../values/digest.ts";
import { renderProblem } from "../values/problem.ts";
import { parseRevision } from "./alembic-revisions.ts";
import { type BaselineClaim, type BaselineInput, planBaseline } from "./plan-baseline.ts";

const file = (path: string) => ({ path, checksum: digestOf(path) });
const revision = (path: string, text: string) => {
  const parsed = parseRevision(text);
  return { ...file(path), ...(parsed === undefined ? {} : { revision: parsed }) };
};
const FILES = ["db/001.sql", "db/017_b.sql", "db/017_a.sql", "db/018.sql", "db/seed.sh"].map(file);
const REVISIONS = [
  revision("be/v/1.py", 'revision = "r1e2"\ndown_revision = None'),
  revision("be/v/2.py", 'revision = "r1e2s3"\ndown_revision = "r1e2"'),
  revision("be/v/3.py", 'revision = "z"\ndown_revision = "r1e2s3"'),
];

function plan(claim: BaselineClaim, more: Partial<BaselineInput> = {}) {
  const planned = planBaseline({
    ...{ environment: "staging", database: "chat", module: "chat", commit: "0123456789abcdef", directory: "db" },
    ...{ kind: "sql", files: FILES, ledger: [], claim, ...more },
  });
  if (!planned.ok) return planned.error.map((problem) => problem.code);
  return {
    taken: planned.value.migrations.map(({ identifier, state }) => (state === "new" ? identifier : `(${identifier})`)),
    left: planned.value.left,
  };
}
const rows = (...given: readonly Record<string, unknown>[]): BaselineClaim => ({
  ...{ kind: "from", table: "schema_migrations", rows: given },
});

describe("a baseline", () => {
  it("takes over another tool's table, whose checksums count", () => {
    const [, sum = ""] = digestOf("db/001.sql").split(":");
    expect(plan(rows({ filename: "017_a.sql" }, { filename: "001.sql", checksum: sum.toUpperCase() }))).toEqual({
      taken: ["db/001.sql", "db/017_a.sql"],
      left: ["db/017_b.sql", "db/018.sql", "db/seed.sh"],
    });
    expect(plan(rows({ filename: "001.sql", checksum: "0".repeat(64) }, { filename: "002.sql" }))).toEqual([
      ...["baseline-checksum-differs", "baseline-migration-missing"],
    ]);
  });

  it("goes through whole names in their order, and never by the beginning of one", () => {
    expect(plan({ kind: "through", identifier: "017_a.sql" })).toMatchObject({ taken: ["db/001.sql", "db/017_a.sql"] });
    expect(plan({ kind: "through", identifier: "017" })).toEqual(["baseline-migration-missing"]);
    expect(plan({ kind: "through", identifier: "db/seed.sh" })).toEqual(["baseline-without-order"]);
    expect(plan({ kind: "only", identifiers: ["seed.sh", "x.sql", "y.sql"] })).toEqual([
      ...["baseline-migration-missing", "baseline-migration-missing"],
    ]);
  });

  it("takes a revision with all that come before it, and its id whole", () => {
    const alembic = { files: REVISIONS, directory: "be", kind: "alembic" };
    const from = (version_num: string): BaselineClaim => ({
      kind: "from",
      table: "alembic_version",
      rows: [{ version_num }],
    });
    expect(plan(from("r1e2s3"), alembic)).toEqual({ taken: ["r1e2", "r1e2s3"], left: ["z"] });
    expect(plan({ kind: "through", identifier: "r1e2" }, alembic)).toEqual({ taken: ["r1e2"], left: ["r1e2s3", "z"] });
    expect(plan(from("r1e2s"), alembic)).toEqual(["baseline-migration-missing"]);
    const twice = [...REVISIONS, revision("be/v/4.py", 'revision = "z"\ndown_revision = "r1e2"')];
    expect(plan(from("z"), { ...alembic, files: twice })).toEqual(["revision-repeated"]);
  });

  it("passes over what the ledger has, and is refused where it has it otherwise or is dirty", () => {
    const row = { module: "chat", identifier: "db/001.sql", release: "REL-1", state: "applied" as const };
    const known = { ...row, checksum: digestOf("db/001.sql") };
    const claim: BaselineClaim = { kind: "through", identifier: "017_a.sql" };
    expect(plan(claim, { ledger: [known] })).toMatchObject({ taken: ["(db/001.sql)", "db/017_a.sql"] });
    expect(plan(claim, { ledger: [{ ...known, checksum: digestOf("x") }] })).toEqual(["migration-changed"]);
    expect(plan(claim, { ledger: [{ ...known, state: "started" }] })).toEqual(["migration-dirty"]);
  });

  it.each([
    [undefined, "Its user sees no table of that name."],
    [[], "The table is empty."],
    [[{ id: 1 }], "It has none of the columns filename, name and version."],
    [[{ version: 18, dirty: true }], "It says itself that a migration was left half-way (dirty)."],
  ])("says what is wrong with a table that cannot be taken over: %j", (given, reason) => {
    const claim: BaselineClaim = { kind: "from", table: "schema_migrations", rows: given };
    const refused = planBaseline({
      ...{ environment: "staging", database: "chat", module: "chat", commit: "0123456789abcdef", directory: "db" },
      ...{ kind: "sql", files: FILES, ledger: [], claim },
    });
    expect(refused.ok ? "" : renderProblem(refused.error[0])).toBe(
      [
        "error[baseline-source-missing]: chat has no schema_migrations to read.",
        `  why:   ${reason}`,
        "  fix:   Say what the database has by hand: --through <migration>, or --only <migration> for each.",
        "  more:  docs/errors.md#baseline-source-missing",
      ].join("\n"),
    );
  });
});
