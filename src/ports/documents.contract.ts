import { describe, expect, it } from "vitest";
import type { Documents } from "./documents.ts";

/** Documents under test, empty. */
export interface DocumentsHarness extends AsyncDisposable {
  readonly documents: Documents;
}

/** What all documents keep to. Runs on the fake and on PostgreSQL. */
export function describeDocuments(label: string, start: () => Promise<DocumentsHarness>): void {
  describe(`${label}: documents`, () => {
    it("gives back what was put, with a version that grows", async () => {
      await using h = await start();
      expect(await h.documents.get("services", "a")).toBeUndefined();
      const value = { text: "zwei ☂\u0000", list: [1, { deep: true }], b: 1, a: 2 };
      expect(await h.documents.put("services", "a", value, 0)).toEqual({
        ok: true,
        value: { key: "a", value, version: 1 },
      });
      expect(await h.documents.put("services", "a", [], 1)).toMatchObject({ ok: true, value: { version: 2 } });
      expect(await h.documents.get("services", "a")).toEqual({ key: "a", value: [], version: 2 });
    });

    it("refuses a writer who did not read the newest version, and tells it", async () => {
      await using h = await start();
      await h.documents.put("services", "a", 1, 0);
      expect(await h.documents.put("services", "a", 2, 0)).toEqual({ ok: false, error: { actual: 1 } });
      expect(await h.documents.put("services", "a", 2, 7)).toEqual({ ok: false, error: { actual: 1 } });
      expect(await h.documents.put("services", "gone", 2, 7)).toEqual({ ok: false, error: { actual: 0 } });
      expect((await h.documents.get("services", "a"))?.value).toBe(1);
    });

    it("lets exactly one of many simultaneous writers win", async () => {
      await using h = await start();
      await h.documents.put("services", "a", 0, 0);
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) => h.documents.put("services", "a", index, 1)),
      );
      expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    });

    it("lists a collection by key: those of a prefix, after a key, within a limit", async () => {
      await using h = await start();
      for (const key of ["p/b", "p/a", "p/c", "q/a", "p_d", "P/a"]) await h.documents.put("services", key, key, 0);
      await h.documents.put("others", "p/x", 0, 0);
      const keys = async (limit: number, afterKey?: string) => {
        const query = { collection: "services", prefix: "p/", limit, ...(afterKey === undefined ? {} : { afterKey }) };
        return (await h.documents.list(query)).map((document) => document.key);
      };
      expect(await keys(9)).toEqual(["p/a", "p/b", "p/c"]);
      expect(await keys(2)).toEqual(["p/a", "p/b"]);
      expect(await keys(9, "p/a")).toEqual(["p/b", "p/c"]);
    });

    it("has nothing under names that hold a NUL", async () => {
      await using h = await start();
      await h.documents.put("services", "a", 1, 0);
      await h.documents.remove("services", "a\0");
      expect(await h.documents.get("services", "a\0")).toBeUndefined();
      const list = (prefix: string, afterKey: string) =>
        h.documents.list({ collection: "services", prefix, limit: 9, afterKey });
      expect(await list("a\0", "")).toEqual([]);
      expect(await list("", "\0")).toHaveLength(1);
      expect(await list("", "a\0")).toEqual([]);
    });

    it("forgets what is removed, and begins again at version 1", async () => {
      await using h = await start();
      await h.documents.put("services", "a", 1, 0);
      await h.documents.put("services", "a", 2, 1);
      await h.documents.remove("services", "a");
      await h.documents.remove("services", "a");
      expect(await h.documents.get("services", "a")).toBeUndefined();
      expect(await h.documents.put("services", "a", 3, 0)).toMatchObject({ ok: true, value: { version: 1 } });
    });

    it("refuses a document above 1 MiB", async () => {
      await using h = await start();
      await expect(h.documents.put("services", "a", "x".repeat(1024 * 1024), 0)).rejects.toThrow(RangeError);
    });
  });
}
