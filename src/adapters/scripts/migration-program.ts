import { join } from "node:path";
import type { Program } from "../../ports/scripts.ts";

/** What is started for a program: the first is looked up in PATH. Folders are relative to the checkout. */
export interface Start {
  readonly argv: readonly [string, ...string[]];
  readonly folder: string;
}

/** How a program of a checkout is run. */
export function startOf(program: Program, checkout: string): Start {
  switch (program.kind) {
    case "script":
      return { argv: interpreter(program.path, join(checkout, program.path)), folder: "." };
    case "python":
      return { argv: ["python3", "-c", RUN_MODULE, program.path], folder: "." };
    case "alembic":
      return { argv: ["alembic", "upgrade", program.revision], folder: program.folder };
  }
}

/** A file that git does not mark as executable still runs, by its ending. */
function interpreter(path: string, file: string): readonly [string, ...string[]] {
  if (/\.[cm]?[jt]s$/.test(path)) return ["node", file];
  return path.endsWith(".sh") ? ["bash", file] : [file];
}

/**
 * Imports a migration module as its application would, from the repository's root, and calls the one function that it
 * has, awaited where it is asynchronous. `__main__` blocks do not run: many modules have none, and some do more there.
 */
const RUN_MODULE = `
import asyncio, importlib, inspect, os, sys
path = sys.argv[1]
sys.path.insert(0, os.getcwd())
module = importlib.import_module(path[:-len(".py")].replace("/", "."))
names = [name for name in ("migrate", "run_migration") if callable(getattr(module, name, None))]
if len(names) != 1:
    sys.exit(f"{path} must have one function migrate or run_migration; it has {' and '.join(names) or 'neither'}")
result = getattr(module, names[0])()
if inspect.isawaitable(result):
    async def finish():
        return await result
    asyncio.run(finish())
`;
