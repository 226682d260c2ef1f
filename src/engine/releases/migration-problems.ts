import type { Problem } from "../../core/values/problem.ts";

function error(code: string, summary: string, why: readonly string[], fix: string): Problem {
  return { code, severity: "error", summary, why, fix };
}

/** A migration's file is another than the plan's, at the same commit. */
export function migrationFileMoved(identifier: string): Problem {
  return error(
    "migration-file-moved",
    `Migration "${identifier}" reads differently than when it was planned.`,
    ["The plan's checksum differs from the file's at the same commit."],
    "Plan again, and report this: a commit's files must not change.",
  );
}

/** The program that migrations of this kind need is not on the server's machine. */
export function migrationProgramMissing(identifier: string, kind: string, program: string): Problem {
  return error(
    "migration-program-missing",
    `Migration "${identifier}" could not begin: ${program} is not on the server's PATH.`,
    [`Migrations of kind ${kind} are run by ${program}. Nothing of it was run, and nothing recorded.`],
    `Install ${program} with what the migrations import (on Debian: apt-get install ${program} python3-psycopg2), then release again.`,
  );
}

/** No folder around the revision has Alembic's settings. */
export function alembicFolderMissing(identifier: string, path: string): Problem {
  return error(
    "alembic-settings-missing",
    `Migration "${identifier}" could not begin: no folder around ${path} has an alembic.ini.`,
    ["Alembic is run in the folder of its settings. Nothing of it was run, and nothing recorded."],
    "Commit the module's alembic.ini in the migrations folder or one above it.",
  );
}
