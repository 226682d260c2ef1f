import type { Problem } from "../../core/values/problem.ts";

function error(code: string, summary: string, why: readonly string[], fix: string): Problem {
  return { code, severity: "error", summary, why, fix };
}

/** An environment that nothing is promoted to. */
export function promotionWithoutSource(environment: string): Problem {
  return error(
    "promotion-without-source",
    `Nothing is promoted to ${environment}.`,
    [`environments.${environment}.policies in mobius.yaml has no promoteFrom.`],
    `Name the environment that proves what comes to ${environment} there, or release a manifest to it: mobius release`,
  );
}

/** No such release in the environment that is promoted from. */
export function promotionSourceUnknown(wanted: string | undefined, environment: string): Problem {
  return error(
    "promotion-source-unknown",
    wanted === undefined
      ? `${environment} has no release to promote.`
      : `${environment} has no release "${wanted}" to promote.`,
    ["Only what was released to that environment, and verified there, is promoted: a manifest alone proves nothing."],
    `Release it there first: mobius release <manifest>`,
  );
}

/** A release that did not end well. */
export function promotionUnproven(release: string, environment: string): Problem {
  return error(
    "promotion-unproven",
    `${release} proved nothing in ${environment}.`,
    ["It has not ended, or not with every phase and check passed."],
    `Look at it: mobius explain ${release}`,
  );
}

/** The derived manifest could not be committed. */
export function promotionNotWritten(file: string, reason: string): Problem {
  return error(
    "promotion-not-written",
    `"${file}" could not be committed.`,
    [reason, "A release reads its manifest from a commit that everybody can read."],
    "Let git.writeBack in mobius.yaml name a branch that the server may push to, and promote again.",
  );
}

/** An image that did not reach the other environment's registry. */
export function imageNotCopied(image: string, reason: string): Problem {
  return error(
    "image-not-copied",
    `${image} could not be copied to the other environment's registry.`,
    [reason],
    "Make both registries reachable for the server, or release to the environment before again, and promote that.",
  );
}
