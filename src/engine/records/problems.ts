import type { Problem } from "../../core/values/problem.ts";

function error(code: string, summary: string, why: readonly string[], fix: string): Problem {
  return { code, severity: "error", summary, why, fix };
}

/** Neither a commit of a module, nor an image or a release that is known. */
export function subjectUnknown(subject: string, searched: readonly string[], unreachable: readonly string[]): Problem {
  return error(
    "subject-unknown",
    `Nothing named "${subject}" is known.`,
    [
      `It is no release and no released image, and no commit, branch or tag that is pushed in: ${searched.join(", ") || "no module"}.`,
      ...unreachable.map(
        (module) => `The repository of ${module} cannot be reached, so its newest commits are not known.`,
      ),
    ],
    "Push the commit, or name it as module@ref, by an image's digest (12 digits or more), or by a release: mobius status",
  );
}

/** Several commits or modules go by that short name. */
export function subjectAmbiguous(subject: string, modules: readonly string[]): Problem {
  return error(
    "subject-ambiguous",
    `"${subject}" names several things.`,
    [`More than one commit begins so in: ${modules.join(", ")}.`],
    "Write more digits of the commit, or name its module: module@commit",
  );
}

/** Neither a release nor an environment. */
export function sideUnknown(name: string, environments: readonly string[]): Problem {
  return error(
    "changelog-side-unknown",
    `"${name}" is neither a release nor an environment.`,
    [`The environments are ${environments.join(", ")}.`],
    "Name a release by its id (REL-7) or its manifest's release_id (mobius status), or an environment",
  );
}

/** The release changed nothing for good, so that there is no set of it to compare. */
export function sideNotReleased(release: string, outcome: string): Problem {
  return error(
    "changelog-side-not-released",
    `${release} has no released set.`,
    [`It is ${outcome}: its environment has what it had before, so there is nothing of it to compare.`],
    "Name a release that succeeded: mobius status",
  );
}
