import { expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import { describePeople } from "../../ports/people.contract.ts";
import { createMemoryPeople } from "../../ports/people.fake.ts";
import { systemIds as ids } from "../system/system-ids.ts";
import { createPeople } from "./people.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

function people() {
  let nowMs = 1_800_000_000_000;
  const documents = createMemoryDocuments();
  const clock = { now: () => instant(nowMs), monotonicMs: () => nowMs, sleep: async () => {} };
  return {
    documents,
    people: createPeople({ documents, owner: "owner", clock, ids }),
    advanceDays: (days: number) => {
      nowMs += days * DAY_MS;
    },
  };
}

describePeople("memory", () => createMemoryPeople({ owner: "owner" }));
describePeople("documents", () => people().people);

it("knows a person by a token that it does not keep", async () => {
  const { people: known, documents } = people();
  const { token } = await known.admit({ name: "grace", roles: ["approver"] });
  expect(token).toMatch(/^mob_[0-9a-f]{64}_[0-9a-f]{8}$/);
  expect(await known.personOf(token)).toBe("grace");
  const kept = await documents.list({ collection: "people", prefix: "", limit: 10 });
  expect(JSON.stringify([kept, await known.list()])).not.toContain(token.slice(4, 68));
});

it("knows nobody by a token that is changed, expired, replaced or whose person was dismissed", async () => {
  const { people: known, advanceDays } = people();
  const { token } = await known.admit({ name: "grace", roles: ["approver"] });
  expect(await known.personOf(token.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).toBeUndefined();
  expect(await known.personOf("")).toBeUndefined();
  const { token: second } = await known.admit({ name: "grace", roles: ["approver"] });
  expect([await known.personOf(token), await known.personOf(second)]).toEqual([undefined, "grace"]);
  advanceDays(90);
  expect(await known.personOf(second)).toBeUndefined();
  const { token: third } = await known.admit({ name: "grace", roles: ["approver"] });
  await known.dismiss("grace");
  expect(await known.personOf(third)).toBeUndefined();
});
