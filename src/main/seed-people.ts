import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { People } from "../ports/people.ts";
import { statePaths } from "./state-paths.ts";

/** The demo's two local people: the one asks for releases to production, the other approves them. */
const DEMO_PEOPLE = [
  { name: "ada", roles: ["releaser"] },
  { name: "grace", roles: ["approver"] },
] as const;

/** Admits the demo's people and keeps their tokens in files of their owner's, for `--as`. */
export async function seedPeople(people: People, stateDirectory: string): Promise<void> {
  const folder = statePaths(stateDirectory).people;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const known = (await people.list()).map(({ name }) => name);
  for (const person of DEMO_PEOPLE) {
    const path = join(folder, person.name);
    const isKept = (await readFile(path, "utf8").catch(() => "")) !== "";
    if (isKept && known.includes(person.name)) continue;
    const { token } = await people.admit(person);
    await writeFile(path, `${token}\n`, { mode: 0o600 });
  }
}
