import { expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import { createOperations, operationId } from "./operations.ts";

const place = { project: "p", location: "l" };

it("ends what a restart left behind, goes on with the rest, and forgets after a week", async () => {
  let nowMs = 0;
  let last = 0;
  const operations = createOperations({
    documents: createMemoryDocuments(),
    clock: {
      now: () => instant(nowMs),
      monotonicMs: () => nowMs,
      sleep: async (durationMs) => {
        nowMs += durationMs;
      },
    },
    ids: { uuid: () => `id-${++last}`, randomHex: () => "" },
  });
  const begin = async () => operationId(await operations.begin(place, { type: "T", resource: { a: 1 } }));
  const [ended, replaced, goingOn] = [await begin(), await begin(), await begin()];
  const get = async (id: string) => await operations.get({ ...place, id });
  await operations.end({ ...place, id: ended }, { a: 2 });
  await operations.tidy([goingOn]);
  expect(await get(ended)).toMatchObject({ ok: true, value: { done: true, response: { a: 2 } } });
  expect(await get(replaced)).toMatchObject({ ok: true, value: { done: true, error: { code: 10 } } });
  expect((await get(goingOn)).ok && (await operations.wait({ ...place, id: goingOn }, 100))).toMatchObject({
    ok: true,
    value: { metadata: { "@type": "type.googleapis.com/T", a: 1 } },
  });
  expect(nowMs).toBe(100);
  nowMs += 8 * 24 * 60 * 60 * 1_000;
  await operations.tidy([goingOn]);
  expect((await get(ended)).ok).toBe(false);
  expect((await get(goingOn)).ok).toBe(true);
  await operations.end({ ...place, id: goingOn }, {});
  await operations.end({ ...place, id: goingOn }, { late: true });
  expect(await get(goingOn)).toMatchObject({
    ok: true,
    value: { response: expect.not.objectContaining({ late: true }) },
  });
});
