import { expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import { judgeMigration } from "./judge-migration.ts";
import { migrationBlocked, migrationFailed } from "./problems.ts";

const migration = {
  environment: "staging",
  database: "chat",
  module: "chat",
  identifier: "db/002.sql",
  checksum: "sha256:b",
};
const applied = { ...migration, checksum: "sha256:b", release: "REL-1", state: "applied" } as const;

it.each([
  ["an empty ledger", [], "new"],
  ["another migration applied", [{ ...applied, identifier: "db/001.sql" }], "new"],
  ["a longer name applied", [{ ...applied, identifier: "db/002.sql.bak" }], "new"],
  ["another module's file of that name applied", [{ ...applied, module: "rag" }], "new"],
  ["it applied", [applied], "already-applied"],
  ["it applied from another text", [{ ...applied, checksum: "sha256:a" }], "migration-changed"],
  ["it started", [{ ...applied, state: "started" as const }], "migration-dirty"],
  ["another started", [{ ...applied, identifier: "x", state: "started" as const }], "migration-dirty"],
] as const)("with %s is judged", (_, ledger, expected) => {
  const outcome = judgeMigration(ledger, migration);
  expect(outcome.ok ? outcome.value : outcome.error.code).toBe(expected);
});

it("says each problem whole", () => {
  const changed = judgeMigration([{ ...applied, checksum: "sha256:a" }], migration);
  const dirty = judgeMigration([{ ...applied, state: "started" }], migration);
  const problems = [
    ...[changed, dirty].flatMap((outcome) => (outcome.ok ? [] : [outcome.error])),
    migrationFailed({ migration, reasons: ["The script ended with exit code 3."], remains: "unknown" }),
    migrationFailed({ migration, reasons: ["Statement 2 of 3: no [SQLSTATE 42601]"], remains: "nothing" }),
    migrationBlocked(migration, { pid: 7, application: "mobius/REL-1/db/001.sql", forMs: 65_000 }),
  ];
  expect(problems.map(renderProblem).join("\n\n")).toMatchInlineSnapshot(`
    "error[migration-changed]: Migration "db/002.sql" was applied to chat from a file that reads differently now.
      why:   Release REL-1 applied it with checksum sha256:a; the file has sha256:b.
             The schema and the file no longer say the same.
      fix:   Put the applied file back, and write the change as a new migration.
      more:  docs/errors.md#migration-changed

    error[migration-dirty]: Migration "db/002.sql" was started on chat and never finished.
      why:   Release REL-1 started it. It runs in no transaction, so it may be half applied.
             Anything that follows would build on unknown ground.
      fix:   Look at the database, then say how it stands. Where all of it is there: mobius migrations resolve staging db/002.sql --applied --reason "…"; where nothing of it is left: the same with --not-applied.
      more:  docs/errors.md#migration-dirty

    error[migration-failed]: Migration "db/002.sql" failed on chat.
      why:   The script ended with exit code 3.
             It runs in no transaction of ours, so what came before the failure stays applied.
      fix:   Look at the database, then say how it stands. Where all of it is there: mobius migrations resolve staging db/002.sql --applied --reason "…"; where nothing of it is left: the same with --not-applied. Mend the file, commit and push it, and release again.
      more:  docs/errors.md#migration-failed

    error[migration-failed]: Migration "db/002.sql" failed on chat.
      why:   Statement 2 of 3: no [SQLSTATE 42601]
             Nothing of it was applied: its transaction was undone as a whole.
      fix:   Mend the file, commit and push it, and release again.
      more:  docs/errors.md#migration-failed

    error[migration-blocked]: Migration "db/002.sql" could not begin: chat is being migrated.
      why:   Session 7 (mobius/REL-1/db/001.sql) has held the migration lock's connection for 1 min 05 s.
      fix:   Wait for it, then release again. If it hangs, end it: SELECT pg_terminate_backend(7)
      more:  docs/errors.md#migration-blocked"
  `);
});
