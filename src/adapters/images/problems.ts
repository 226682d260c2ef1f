import type { Problem } from "../../core/values/problem.ts";

/** An image's `include` names something that the checkout does not have. */
export function imageIncludeMissing(pattern: string): Problem {
  return {
    code: "image-include-missing",
    severity: "error",
    summary: `No file of the checkout is what the image includes as "${pattern}".`,
    why: ["An image without a file that it names would fail when it starts, not when it is built."],
    fix: "Correct the image's build.source.include in mobius.yaml, or name a commit that has the file.",
  };
}

/** A symbolic link among an image's files leads out of the checkout. */
export function imageLinkOutside(file: string): Problem {
  return {
    code: "image-link-outside",
    severity: "error",
    summary: `"${file}" goes into the image, and is a symbolic link that leads out of its folder.`,
    why: ["In the image it would lead to nothing, or to a file of the machine that runs it."],
    fix: `Replace the link by the file itself, or take "${file}" out of the image's build.source.include.`,
  };
}
