import type { People } from "../ports/people.ts";
import { keepToken, keptToken } from "./kept-tokens.ts";
import { statePaths } from "./state-paths.ts";

/** The demo's two local people: the one asks for releases to production, the other approves them. */
const DEMO_PEOPLE = [
  { name: "ada", roles: ["releaser"] },
  { name: "grace", roles: ["approver"] },
] as const;

/** Admits the demo's people and keeps their tokens for `--as`. */
export async function seedPeople(people: People, stateDirectory: string): Promise<void> {
  const folder = statePaths(stateDirectory).people;
  const known = (await people.list()).map(({ name }) => name);
  for (const person of DEMO_PEOPLE) {
    const isKept = (await keptToken(folder, person.name)) !== undefined;
    if (isKept && known.includes(person.name)) continue;
    const { token } = await people.admit(person);
    await keepToken(folder, person.name, token);
  }
}
