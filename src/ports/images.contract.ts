import { describe, expect, it } from "vitest";
import { digest } from "../core/values/digest.ts";
import type { Images, SourceImages } from "./images.ts";

/** An empty registry with its builder, and a folder of files to build from. */
export interface ImagesHarness extends AsyncDisposable {
  readonly images: Images;
  readonly sourceImages: SourceImages;
  /** Makes a new folder of these files (path → content), each time somewhere else. */
  readonly folder: (files: Readonly<Record<string, string>>) => Promise<string>;
}

const REPOSITORY = "gcr.io/mobius-staging/mobius-rag";
const FILES = { "server.js": "listen();", "lib/deep/part.js": "part();" };

/** What all images keep to. Runs on the fake and on the embedded registry. */
export function describeImages(label: string, start: () => Promise<ImagesHarness>): void {
  const build = async (h: ImagesHarness, change: Partial<Parameters<SourceImages["build"]>[0]> = {}) =>
    await h.sourceImages.build({
      root: await h.folder(FILES),
      files: Object.keys(FILES).sort(),
      command: ["node", "server.js"],
      labels: { "org.mobius.module": "rag" },
      repository: REPOSITORY,
      tags: ["staging-1"],
      ...change,
    });

  describe(`${label}: images`, () => {
    it("has nothing of an image that is not there", async () => {
      await using h = await start();
      const absent = `sha256:${"0".repeat(64)}`;
      for (const reference of [`${REPOSITORY}:none`, `${REPOSITORY}@${absent}`]) {
        expect(await h.images.resolve(reference)).toBeUndefined();
        expect(await h.images.labels(reference)).toBeUndefined();
      }
      await expect(h.images.tag(REPOSITORY, digest(absent), "x")).rejects.toThrow("to tag as x");
    });

    it("finds a built image by each tag and by its digest, with its labels", async () => {
      await using h = await start();
      const built = await build(h, { tags: ["staging-1", "key-00"] });
      for (const reference of [`${REPOSITORY}:staging-1`, `${REPOSITORY}:key-00`, `${REPOSITORY}@${built}`]) {
        expect(await h.images.resolve(reference)).toBe(built);
        expect(await h.images.labels(reference)).toEqual({ "org.mobius.module": "rag" });
      }
      expect(await h.images.resolve(`gcr.io/mobius-production/mobius-rag:staging-1`)).toBeUndefined();
    });

    it("gives the same input the same digest, and any other input another", async () => {
      await using h = await start();
      const first = await build(h);
      expect(await build(h)).toBe(first);
      const others = [
        await build(h, { root: await h.folder({ ...FILES, "server.js": "listen( );" }) }),
        await build(h, { files: ["server.js"] }),
        await build(h, { command: ["node", "other.js"] }),
        await build(h, { labels: {} }),
      ];
      expect(new Set([first, ...others]).size).toBe(5);
    });

    it("copies an image to another repository by its digest, once, and gives it no tag there", async () => {
      await using h = await start();
      const built = await build(h);
      const to = "gcr.io/mobiusos-new/mobius-rag";
      expect(await h.images.resolve(`${to}@${built}`)).toBeUndefined();
      expect(await h.images.copy({ digest: built, from: REPOSITORY, to })).toBe("copied");
      expect(await h.images.resolve(`${to}@${built}`)).toBe(built);
      expect(await h.images.labels(`${to}@${built}`)).toEqual({ "org.mobius.module": "rag" });
      expect(await h.images.resolve(`${to}:staging-1`)).toBeUndefined();
      expect(await h.images.copy({ digest: built, from: REPOSITORY, to })).toBe("present");
      expect(await h.images.resolve(`${REPOSITORY}:staging-1`)).toBe(built);
    });

    it("copies nothing that is not there", async () => {
      await using h = await start();
      const absent = digest(`sha256:${"0".repeat(64)}`);
      const to = "gcr.io/mobiusos-new/mobius-rag";
      await expect(h.images.copy({ digest: absent, from: REPOSITORY, to })).rejects.toThrow(`${REPOSITORY} has no`);
      expect(await h.images.resolve(`${to}@${absent}`)).toBeUndefined();
    });

    it("gives an image one more tag, and moves a tag", async () => {
      await using h = await start();
      const first = await build(h);
      await h.images.tag(REPOSITORY, first, "kept");
      const second = await build(h, { labels: {} });
      expect(second).not.toBe(first);
      expect(await h.images.resolve(`${REPOSITORY}:staging-1`)).toBe(second);
      expect(await h.images.resolve(`${REPOSITORY}:kept`)).toBe(first);
      await h.images.tag(REPOSITORY, second, "kept");
      expect(await h.images.resolve(`${REPOSITORY}:kept`)).toBe(second);
    });
  });
}
