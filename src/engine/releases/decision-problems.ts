import type { Problem } from "../../core/values/problem.ts";

function error(code: string, summary: string, why: readonly string[], fix: string): Problem {
  return { code, severity: "error", summary, why, fix };
}

/** Whoever asked for a release wants to approve it. */
export function approvalByProposer(release: string, person: string): Problem {
  return error(
    "approval-by-proposer",
    `${person} asked for ${release} and cannot approve it.`,
    ["Nobody brings a release to production alone: another person has to look at its plan."],
    `Ask somebody else to run: mobius approve ${release}`,
  );
}

/** A person without any of the roles that count. */
export function approvalNotAllowed(
  release: string,
  person: string,
  roles: readonly string[],
  wanted: readonly string[],
): Problem {
  return error(
    "approval-not-allowed",
    `${person} may not approve ${release}.`,
    [`It takes the role ${wanted.join(" or ")}; ${person} has ${roles.length === 0 ? "none" : roles.join(", ")}.`],
    `Let somebody with that role approve it, or give it: mobius token create ${person} --role ${wanted[0] ?? "approver"}`,
  );
}

/** An environment that asks for no approval, or a rollback. */
export function approvalNotNeeded(release: string, environment: string): Problem {
  return error(
    "approval-not-needed",
    `${release} needs no approval.`,
    [`No policy of ${environment} asks for one, or the release gives traffic back to what was released before.`],
    `Look at what it waits for: mobius explain ${release}`,
  );
}

/** A decision about a release that has begun. */
export function releaseNotWaiting(release: string): Problem {
  return error(
    "release-not-waiting",
    `${release} has begun.`,
    ["Approvals and exceptions are asked for before a release begins."],
    `Stop it instead: mobius cancel ${release}`,
  );
}

/** No freeze to lift or to be let through. */
export function freezeUnknown(which: string): Problem {
  return error(
    "freeze-unknown",
    `There is no freeze ${which}.`,
    ["Freezes of mobius.yaml end by their own time, or by a change of that file."],
    "Look at what closes the gates: mobius explain <release>",
  );
}

/** Something that would be over before it began. `what` is such as `freeze "launch"`. */
export function endPassed(what: string): Problem {
  return error(
    "end-passed",
    `The end of ${what} has passed.`,
    ["It would be over before it began."],
    "Give --until a moment that is yet to come, such as 2027-01-02T00:00:00Z or 36h.",
  );
}

/** Some of what drifted could not be put right. */
export function driftNotReverted(environment: string, failures: readonly string[]): Problem {
  return error(
    "drift-not-reverted",
    `Not everything in ${environment} could be made what it was released as.`,
    failures,
    `Mend what is said above, then ask again, which does only what is left: mobius drift ${environment} --revert`,
  );
}

/** Nothing holds the environment. */
export function holdNotSet(environment: string): Problem {
  return error(
    "hold-not-set",
    `${environment} is not on hold.`,
    ["Neither a person nor a rollback keeps its releases back."],
    "There is nothing to resume.",
  );
}
