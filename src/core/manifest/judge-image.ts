import { count } from "../values/count.ts";
import type { Problem } from "../values/problem.ts";
import { imageEnvironmentBaked, imageNotSearched } from "./problems.ts";

/** What a search through an image came to. */
export interface ImageSearch {
  readonly found: readonly ImageFinding[];
  /** Files that were read. */
  readonly files: number;
  /** Files that were not: programs and pictures above a size, and texts above a larger one. */
  readonly skipped: { readonly binary: number; readonly large: number };
  /** The limit at which the search ended before the image did. */
  readonly cutShort?: string;
}

export interface ImageFinding {
  /** `env DATABASE_URL`, `label x`, `command`, or a file with its line: `/app/server.js:12`. */
  readonly place: string;
  readonly identifier: string;
}

/**
 * Whether an image may run in another environment than the one that it was built in: nothing of that one may be in it. A
 * search that did not reach the end is no pass.
 */
export function judgeImage(image: string, source: string, { found, cutShort }: ImageSearch): readonly Problem[] {
  const [first, ...rest] = found;
  return [
    ...(first === undefined ? [] : [imageEnvironmentBaked(image, source, [first, ...rest])]),
    ...(cutShort === undefined ? [] : [imageNotSearched(image, cutShort)]),
  ];
}

/** One line on what was read and what was not. */
export function searchLine({ files, skipped }: ImageSearch): string {
  const { binary, large } = skipped;
  const parts = [...(binary === 0 ? [] : [`${binary} binary`]), ...(large === 0 ? [] : [`${large} large`])];
  return `${count(files, "file")} searched${parts.length === 0 ? "" : `; skipped: ${parts.join(", ")}`}`;
}
