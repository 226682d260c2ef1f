import type { ImageFinding } from "../core/manifest/judge-image.ts";
import type { ImageTexts } from "./image-texts.ts";

/** An image as its texts: variables, and layers of files (path → text, or undefined where the layer removes it). */
export interface FakeImage {
  readonly env: Readonly<Record<string, string>>;
  readonly layers: readonly Readonly<Record<string, string | undefined>>[];
}

/** Images in memory, by reference. */
export function createMemoryImageTexts(images: ReadonlyMap<string, FakeImage>): ImageTexts {
  return {
    async search(reference, find) {
      const image = images.get(reference);
      if (image === undefined) return undefined;
      const files = Object.entries(Object.assign({}, ...image.layers) as Record<string, string | undefined>);
      const inEnv = Object.entries(image.env).flatMap(([name, value]): ImageFinding[] =>
        find(`${name}=${value}`).map(({ identifier }) => ({ place: `env ${name}`, identifier })),
      );
      const inFiles = files.flatMap(([path, text = ""]): ImageFinding[] =>
        find(text).map(({ identifier, at }) => {
          return { place: `/${path}:${text.slice(0, at).split("\n").length}`, identifier };
        }),
      );
      const read = image.layers.flatMap((layer) => Object.values(layer)).filter((text) => text !== undefined);
      return { found: [...inEnv, ...inFiles], files: read.length, skipped: { binary: 0, large: 0 } };
    },
  };
}
