import { accessSync, constants, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";

/** Looks a program up as a shell would: in the process's own PATH, or from its folder where the name has a slash. */
export function findProgram(name: string, path: string, cwd: string): string | undefined {
  const candidates = name.includes("/")
    ? [resolve(cwd, name)]
    : path.split(delimiter).map((folder) => resolve(cwd, folder, name));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}
