import { instant } from "../core/values/time.ts";
import type { KnownPerson, People } from "./people.ts";

/** People in memory. Their tokens open nothing. */
export function createMemoryPeople({ owner }: { readonly owner: string }): People {
  const people = new Map<string, KnownPerson>();
  return {
    rolesOf: async (name) => (name === owner ? ["admin", "releaser"] : (people.get(name)?.roles ?? [])),
    async admit({ name, roles }) {
      const person: KnownPerson = { name, roles, tokenEnd: "0000", expiresAt: instant(Number.MAX_SAFE_INTEGER) };
      people.set(name, person);
      return { ...person, token: `mob_${name}_0000` };
    },
    dismiss: async (name) => people.delete(name),
    list: async () => [...people.values()],
  };
}
