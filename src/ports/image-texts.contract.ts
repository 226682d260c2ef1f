import { describe, expect, it } from "vitest";
import type { FakeImage } from "./image-texts.fake.ts";
import type { ImageTexts } from "./image-texts.ts";

/** A registry, and a way to put an image there; gives its reference. */
export interface ImageTextsHarness extends AsyncDisposable {
  readonly texts: ImageTexts;
  readonly push: (image: FakeImage) => Promise<string>;
}

/** Each `x-…` of a text. */
const find = (text: string) =>
  [...text.matchAll(/\bx-\w+/g)].map((match) => ({ identifier: match[0], at: match.index }));

/** What all searches of images keep to. Runs on the fake and on the embedded registry. */
export function describeImageTexts(label: string, start: () => Promise<ImageTextsHarness>): void {
  describe(`${label}: texts of images`, () => {
    it("finds what stands in variables and files, with its place", async () => {
      await using h = await start();
      const image = { env: { A: "x-env", B: "clean" }, layers: [{ "app/a.js": "one\ntwo x-file\n", "app/b.js": "" }] };
      expect(await h.texts.search(await h.push(image), find)).toEqual({
        found: [
          { place: "env A", identifier: "x-env" },
          { place: "/app/a.js:2", identifier: "x-file" },
        ],
        files: 2,
        skipped: { binary: 0, large: 0 },
      });
    });

    it("sees an image as its containers do: what a later layer replaces or removes is not there", async () => {
      await using h = await start();
      const lower = { "a.js": "x-a", "b.js": "x-b", "c.js": "x-c" };
      const image = { env: {}, layers: [lower, { "a.js": "clean", "b.js": undefined }] };
      const search = await h.texts.search(await h.push(image), find);
      expect(search?.found).toEqual([{ place: "/c.js:1", identifier: "x-c" }]);
    });

    it("has nothing of an image that is not there", async () => {
      await using h = await start();
      await h.push({ env: {}, layers: [] });
      expect(await h.texts.search("gcr.io/mobius-staging/none:v1", find)).toBeUndefined();
    });
  });
}
