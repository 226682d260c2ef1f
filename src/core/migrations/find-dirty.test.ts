import { describe, expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import { findDirty, type NamedMigration, type PlacedEntry } from "./find-dirty.ts";

const row = (identifier: string, more: Partial<PlacedEntry> = {}): PlacedEntry => ({
  ...{ database: "rag", module: "rag", identifier, checksum: "sha256:a", release: "REL-1", state: "started" },
  ...more,
});
const ROWS = [
  row("land.sh"),
  row("land.sh.bak", { state: "applied" }),
  row("twice.sh"),
  row("twice.sh", { module: "credentialing" }),
];

describe("the dirty migration that a person means", () => {
  it.each([
    [{ identifier: "land.sh" }, "rag"],
    [{ identifier: "twice.sh", module: "credentialing" }, "credentialing"],
  ] as const)("is found by %j", (named, module) => {
    const found = findDirty("staging", ROWS, named);
    expect(found).toMatchObject({ ok: true, value: { identifier: named.identifier, module } });
  });

  it("is refused where it is none, or more than one", () => {
    const said = (
      [{ identifier: "land" }, { identifier: "land.sh.bak" }, { identifier: "twice.sh" }] as NamedMigration[]
    )
      .map((named) => findDirty("staging", ROWS, named))
      .flatMap((found) => (found.ok ? [] : [renderProblem(found.error)]))
      .join("\n\n");
    expect(said).toMatchInlineSnapshot(`
      "error[migration-unknown]: No migration ledger of staging has "land".
        why:   Dirty there: land.sh, twice.sh, twice.sh.
        fix:   Take its whole name as it stands in: mobius migrations list staging
        more:  docs/errors.md#migration-unknown

      error[migration-not-dirty]: Migration "land.sh.bak" is applied to rag, and nothing about it is open.
        why:   Release REL-1 applied it. Only one that was started and never finished waits for a person.
        fix:   Leave it as it is. To take its change back, write a new migration.
        more:  docs/errors.md#migration-not-dirty

      error[migration-ambiguous]: "twice.sh" is the name of 2 migrations of staging.
        why:   Database rag, module rag.
               Database rag, module credentialing.
        fix:   Say which one is meant with --database, --module or both.
        more:  docs/errors.md#migration-ambiguous"
    `);
  });
});
