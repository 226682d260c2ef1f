import type { Plan, Precondition } from "../../core/plan/plan.ts";
import type { CheckRecord } from "../../core/release/state.ts";
import type { Problem } from "../../core/values/problem.ts";

function error(code: string, summary: string, why: readonly string[], fix: string): Problem {
  return { code, severity: "error", summary, why, fix };
}

/** A build asks for a phase of a release that it does not belong to. */
export function buildWithoutRelease(build: string): Problem {
  return error(
    "build-without-release",
    `Build ${build} belongs to no release that is under way.`,
    ["Phases change an environment, so only the build that a release submitted may ask for them."],
    "Start the release itself: mobius release <manifest>",
  );
}

/** No release has that name. */
export function releaseUnknown(name: string): Problem {
  return error(
    "release-unknown",
    `There is no release "${name}".`,
    ["A release is named by its id (REL-7) or by its manifest's release_id."],
    "Look at the list: mobius status",
  );
}

/** A release that has ended cannot be cancelled. */
export function releaseEnded(release: string): Problem {
  return error(
    "release-ended",
    `${release} has ended.`,
    ["What has ended can no longer be stopped."],
    `Look at how it ended: mobius explain ${release}`,
  );
}

/** A step asks for a phase that there is not. */
export function phaseUnknown(phase: string, known: readonly string[]): Problem {
  return error(
    "phase-unknown",
    `There is no phase "${phase}" for a step to ask for.`,
    [`Steps ask for ${known.join(", ")}.`],
    "Correct the build configuration, or render it again: mobius render <manifest>",
  );
}

/** A step reports an image that nobody asked it for. */
export function reportRefused(image: string): Problem {
  return error(
    "report-refused",
    `The report of image "${image}" is not expected.`,
    ["Only the step that was asked to build an image may say what came of it."],
    `Build it through the product: mobius phase build ${image}`,
  );
}

/** A check did not pass. */
export function checkFailed(record: CheckRecord): Problem {
  return error(
    record.verdict === "failed" ? "check-failed" : "check-inconclusive",
    `Check ${record.check} on ${record.on} ${record.verdict === "failed" ? "failed" : "found nothing out"} after ${record.tries === 1 ? "1 try" : `${record.tries} tries`}.`,
    [record.evidence],
    "Read the service's log with mobius logs, mend the service or the check, and release again.",
  );
}

/** A canary step failed, or nothing could be said of it. */
export function canaryNotPassed(step: {
  readonly number: number;
  readonly percent: number;
  readonly verdict: "failed" | "inconclusive";
  readonly evidence: string;
}): Problem {
  const { number, percent, verdict, evidence } = step;
  const isFailed = verdict === "failed";
  return error(
    isFailed ? "canary-failed" : "canary-inconclusive",
    isFailed
      ? `Canary step ${number}, with ${percent} % of the requests, failed.`
      : `Canary step ${number}, with ${percent} % of the requests, found nothing out.`,
    [evidence],
    isFailed
      ? "Read the candidate's log with mobius logs, mend the service, and release again once the environment is resumed."
      : "Bake longer, ask for fewer requests (policies.canary), or release when more of them come; resume the environment first.",
  );
}

/** A module's own script ended well and left no candidate. */
export function candidateNotMade(service: string, module: string): Problem {
  return error(
    "candidate-not-made",
    `Service "${service}" has no candidate after ${module} was deployed.`,
    ["A release only moves traffic to revisions that it knows and has checked."],
    `Let the script of ${module} end with: mobius phase candidate ${module}`,
  );
}

/** Another revision serves than the one that was checked. */
export function servingOther(service: string, expected: string, observed: string): Problem {
  return error(
    "serving-other-revision",
    `Service "${service}" serves ${observed} after traffic was moved to ${expected}.`,
    ["Somebody or something else changed the traffic while the release moved it."],
    `Find out who changes ${service}, then release again.`,
  );
}

/** A person asked for the end. */
export function releaseCancelled(reason: string): Problem {
  return error("release-cancelled", "The release was cancelled.", [reason], "Start it again when you are ready.");
}

/** Something outside did not do what a phase needs, after all tries. */
export function phaseUnavailable(phase: string, reason: string): Problem {
  return error(
    "phase-unavailable",
    `Phase ${phase} could not be done: something that it needs does not answer.`,
    [reason],
    "Look at the server's log, make sure that what it needs is reachable, and release again.",
  );
}

/** A plan's precondition no longer holds. */
export function planStale(plan: Pick<Plan, "digest" | "manifest">, moved: readonly string[]): Problem {
  return error(
    "plan-stale",
    `Plan ${plan.digest.slice(0, 19)} no longer fits what is live.`,
    moved,
    `Look at the new plan and release that one: mobius plan ${plan.manifest.file}`,
  );
}

/** A digest that no plan of this manifest has. */
export function planUnknown(given: string, actual: string): Problem {
  return error(
    "plan-moved",
    `The plan is ${actual.slice(0, 19)} now, not ${given.slice(0, 19)}.`,
    ["The manifest, the source or what is live changed after the plan was looked at."],
    "Look at the plan again: mobius plan <manifest>",
  );
}

/** The manifest is not at the umbrella's commit. */
export function manifestNotFound(path: string, commit: string): Problem {
  return error(
    "manifest-not-found",
    `Manifest "${path}" is not in the umbrella at ${commit.slice(0, 12)}.`,
    ["A release reads its manifest from a pushed commit, never from a working folder."],
    "Commit and push it, or correct the path.",
  );
}

/** The umbrella's commit is not at its remote. */
export function manifestNotPushed(path: string, commit: string): Problem {
  return error(
    "manifest-not-pushed",
    `The commit ${commit.slice(0, 12)} that holds "${path}" is not at the umbrella's remote.`,
    ["A release must be traceable to a commit that everybody can read."],
    "Push it: git push",
  );
}

/** The umbrella has no main branch to read the platform file from. */
export function umbrellaUnreadable(url: string): Problem {
  return error(
    "umbrella-unreadable",
    "The umbrella's main branch cannot be read.",
    [`${url} has no head, and no earlier copy of it is there.`],
    "Push the umbrella's main branch, and look at it with: mobius doctor",
  );
}

/** No environment of that name. */
export function environmentUnknown(name: string, known: readonly string[]): Problem {
  return error(
    "environment-unknown",
    `There is no environment "${name}".`,
    [`mobius.yaml has ${known.join(", ")}.`],
    "Name one of these with --env.",
  );
}

/** The environment asked for is not the one that the manifest is for. */
export function environmentMismatch(asked: string, manifest: string, file: string): Problem {
  return error(
    "environment-mismatch",
    `${file} is for ${manifest}, not for ${asked}.`,
    ["A manifest belongs to one environment: its identifiers are that environment's."],
    `Leave --env out, or write a manifest for ${asked}: mobius manifest new ${asked}`,
  );
}

/** No step of the build reported the image of a service that needs one. */
export function imageNotBuilt(service: string, module: string, repository: string): Problem {
  return error(
    "image-not-built",
    `The image of service "${service}" was not built in this release.`,
    [`No step of the build reported an image for ${repository}.`],
    `Let the build of ${module} run mobius phase build <image>, or pin a digest in the manifest.`,
  );
}

/** A module's script made a revision that is not what the plan says. */
export function scriptCandidateDiffers(made: {
  readonly service: string;
  readonly module: string;
  readonly revision: string;
  readonly differing: readonly string[];
}): Problem {
  const { service, module, revision, differing } = made;
  return error(
    "script-candidate-differs",
    `The script of ${module} made ${revision} of ${service}, and it is not what the plan says.`,
    differing,
    `Let the script deploy what mobius.yaml declares, or declare what the script does; mobius phase candidate ${module} deploys it complete.`,
  );
}

/** A step asks for a script that this release does not run. */
export function scriptNotAllowed(module: string, environment: string): Problem {
  return error(
    "script-not-allowed",
    `No script of ${module} is run in a release to ${environment}.`,
    ["Only modules with a script have one, and none is run where a release needs a promotion or an approval."],
    `Render the build configuration again: mobius render <manifest> writes mobius phase candidate ${module}.`,
  );
}

/** Somebody else changes the environment now. `holder` is a release, or what a person asked for. */
export function environmentBusy(environment: string, holder: string): Problem {
  return error(
    "environment-busy",
    `${environment} is being changed by ${holder}.`,
    ["What people change in an environment has to have it for itself, as a release has."],
    /^REL-\d+$/.test(holder)
      ? `Wait for it (mobius watch ${holder}) or stop it (mobius cancel ${holder}), then ask again.`
      : "Wait until that is done, then ask again.",
  );
}

/** The release is done, and its record is not. */
export function writeBackFailed(release: string, branch: string, reason: string): Problem {
  return error(
    "write-back-failed",
    `${release} is released, and its record could not be written to ${branch}.`,
    [reason],
    "Make the umbrella's remote writable for the server, then release again: nothing but the record is left to do.",
  );
}

/** Says in a sentence how a precondition moved. */
export function movedSentence(precondition: Precondition, observed: string): string {
  switch (precondition.kind) {
    case "serving-revision":
      return `Service ${precondition.service} serves ${observed}; the plan assumed ${precondition.revision}.`;
    case "ledger":
      return `Database ${precondition.database} has ${observed} applied migrations; the plan assumed ${precondition.applied}.`;
    case "job":
      return `Job ${precondition.job} is ${observed.slice(0, 19)}; the plan assumed ${precondition.digest.slice(0, 19)}.`;
  }
}
