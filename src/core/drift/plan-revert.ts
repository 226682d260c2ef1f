/** What makes an environment be as it was released again, step by step, and what no step can. */
import type { RevisionTemplate } from "../plan/observed.ts";
import type { ReleaseId } from "../values/ids.ts";
import { driftKey, type SeenDrift } from "./drift.ts";
import type { Expected } from "./find-drift.ts";

export type RevertStep =
  | { readonly kind: "traffic"; readonly service: string; readonly revision: string }
  /** The released revision is gone, or its whole service: it is made again, as its release made it. */
  | {
      readonly kind: "revision";
      readonly service: string;
      readonly revision: string;
      readonly release: ReleaseId;
      readonly template: RevisionTemplate;
    }
  | {
      readonly kind: "job";
      readonly job: string;
      readonly release: ReleaseId;
      readonly template: RevisionTemplate;
    };

export interface RevertPlan {
  readonly steps: readonly RevertStep[];
  /** Differences that stay, each with the reason. */
  readonly left: readonly LeftDrift[];
}

export interface LeftDrift {
  readonly key: string;
  readonly reason: string;
}

/** `hasRevision`: whether a service still has the revision that was released. */
export function planRevert(
  expected: Expected,
  drifts: readonly SeenDrift[],
  hasRevision: (service: string) => boolean,
): RevertPlan {
  const steps = new Map<string, RevertStep>();
  const left: LeftDrift[] = [];
  for (const drift of drifts) {
    const step = stepFor(expected, drift, hasRevision);
    if (typeof step === "string") left.push({ key: driftKey(drift), reason: step });
    else steps.set(drift.subject, step);
  }
  return { steps: [...steps.values()], left };
}

/** The step that puts a difference right, or why there is none. */
function stepFor(
  { revisions, origins }: Expected,
  { subject, kind, ignored, expected }: SeenDrift,
  hasRevision: (service: string) => boolean,
): RevertStep | string {
  if (kind === "unknown") return "It could not be looked at, so nobody knows what to put right.";
  if (ignored !== undefined) return `It is ignored: ${ignored.reason}`;
  const [what, name = ""] = subject.split(/ (.*)/s);
  if (what === "database") {
    return "Migrations are not taken back: data may be lost. Write a migration that puts it right, or settle it: mobius migrations";
  }
  if (what === "secret")
    return "Values of secrets are nobody's but their owner's. The next release takes the newest version.";
  if (expected === "not released")
    return "No release made it, so there is nothing to go back to. Remove it, or declare it and release.";
  const origin = origins[name];
  if (what === "job") {
    if (origin === undefined) return "No release says how it was made. Release it again.";
    return { kind: "job", job: name, release: origin.release, template: origin.template };
  }
  const revision = revisions[name] ?? "";
  if (hasRevision(name)) return { kind: "traffic", service: name, revision };
  if (origin === undefined)
    return `Its revision ${revision} is gone, and no release made it. Release the service again.`;
  return { kind: "revision", service: name, revision, release: origin.release, template: origin.template };
}

/** One step as text. */
export function revertLine(step: RevertStep): string {
  switch (step.kind) {
    case "traffic":
      return `service ${step.service}: all traffic to ${step.revision}`;
    case "revision":
      return `service ${step.service}: revision ${step.revision} made again, with all traffic`;
    default:
      return `job ${step.job}: as ${step.release} declared it`;
  }
}
