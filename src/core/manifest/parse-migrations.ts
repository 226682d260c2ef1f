import type { MigrationKind, ModuleMigrations } from "../platform/platform.ts";
import type { Problem, Where } from "../values/problem.ts";
import type { MigrationName } from "./manifest.ts";
import { migrationInvalid } from "./problems.ts";

const PREFIX = /^(sql|python|script|alembic):\s*(.*)$/;
const NOTE = /^(.*?)\s+\((.*)\)$/;

/**
 * One migration as a manifest writes it: `sql:file.sql`, `python:module`, a path, an Alembic id, or a script's path with
 * a remark in parentheses. Without a prefix the module's kinds in the platform file decide, then the form (a `/` or
 * `.sql` is a path). Bare file names stand in the module's migrations folder.
 */
export function parseMigration(written: string, settings: ModuleMigrations, where: Where): MigrationName | Problem {
  const [, prefix, rest] = PREFIX.exec(written) ?? [];
  const [, before, note] = NOTE.exec(rest ?? written) ?? [];
  const name = (before ?? rest ?? written).trim();
  const kind = (prefix as MigrationKind | undefined) ?? kindOf(name, settings);
  if (/(^|\/)\.\.(\/|$)|^[/~-]|\\|\s/.test(name) || name === "") {
    return migrationInvalid(where, written, "A name is a path beneath the module, without spaces, or an id.");
  }
  if (written === "none") return migrationInvalid(where, written, "A module without migrations is left out.");
  if (!settings.kinds.includes(kind)) {
    return migrationInvalid(
      where,
      written,
      `The module's migrations are of kind ${settings.kinds.join(" or ")}, not ${kind}.`,
    );
  }
  const file = kind === "python" ? pythonFile(name) : name;
  const isBare = kind !== "alembic" && !file.includes("/") && settings.directory !== ".";
  return {
    kind,
    name: isBare ? `${settings.directory}/${file}` : file,
    ...(note === undefined ? {} : { note }),
    where,
  };
}

/** A module as Python imports it: with dots from the repository's root, without any from the migrations folder. */
function pythonFile(name: string): string {
  if (name.endsWith(".py")) return name;
  return `${name.replaceAll(".", "/")}.py`;
}

function kindOf(name: string, { kinds }: ModuleMigrations): MigrationKind {
  if (name.endsWith(".sql")) return "sql";
  if (/\.(sh|[cm]?js|py)$/.test(name) && kinds.includes("script")) return "script";
  // An Alembic id is no path.
  if (name.includes("/") && kinds[0] === "alembic") return "sql";
  return kinds[0];
}
