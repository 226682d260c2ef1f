import type { Problem } from "../values/problem.ts";

function error(code: string, summary: string, why: readonly string[], fix: string): Problem {
  return { code, severity: "error", summary, why, fix };
}

/** Neither a module with migrations, nor a database that exactly one module migrates. */
export function baselineModuleUnclear(name: string, modules: readonly string[]): Problem {
  return error(
    "baseline-module-unclear",
    `"${name}" names no module whose migrations could be adopted.`,
    [
      modules.length === 0
        ? "No module of the platform file has migrations in this environment."
        : `Modules with migrations: ${modules.join(", ")}.`,
      "A database may be named where exactly one module migrates it.",
    ],
    "Name the module whose files these are.",
  );
}

/** The database has no ledger of that name, or one that cannot be read. */
export function baselineSourceMissing(database: string, table: string, reason: string): Problem {
  return error(
    "baseline-source-missing",
    `${database} has no ${table} to read.`,
    [reason],
    "Say what the database has by hand: --through <migration>, or --only <migration> for each.",
  );
}

/** Something is said to be applied that the module does not have at that commit. */
export function baselineMigrationMissing(
  name: string,
  place: { readonly module: string; readonly commit: string },
): Problem {
  return error(
    "baseline-migration-missing",
    `"${name}" is no migration of ${place.module} at ${place.commit.slice(0, 12)}.`,
    ["What is adopted is a file of the module, whose checksum later releases are compared with. Names count whole."],
    "Give the commit that has it with --commit, or correct the name.",
  );
}

/** The earlier ledger keeps another checksum than the file has. */
export function baselineChecksumDiffers(
  identifier: string,
  { table, theirs, ours }: { readonly table: string; readonly theirs: string; readonly ours: string },
): Problem {
  return error(
    "baseline-checksum-differs",
    `"${identifier}" reads differently than what ${table} says was applied.`,
    [`${table} has checksum ${theirs}; the file has ${ours}.`],
    "Give the commit from which it was applied with --commit, or put the applied file back.",
  );
}

/** `--through` of files that are in no order. */
export function baselineWithoutOrder(module: string, kind: string): Problem {
  return error(
    "baseline-without-order",
    `The migrations of ${module} have no order by which --through could go.`,
    [`They are of kind ${kind}: only manifests say in which order those run.`],
    "Name each that is applied with --only <migration>.",
  );
}

/** Two Alembic files with one id. */
export function revisionRepeated(id: string, paths: readonly string[]): Problem {
  return error(
    "revision-repeated",
    `${paths.length} files are the Alembic revision "${id}".`,
    [...paths],
    "Give one of them an id of its own, and chain it behind the other.",
  );
}
