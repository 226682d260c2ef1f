/** What is told of a build that no release speaks for: one of a trigger that never came to a release, or one of Google's. */
import type { BuildStatus } from "../build/build-config.ts";
import type { NotifiedMoment } from "../platform/platform.ts";
import type { Notice } from "./notice.ts";

/** A build as far as it is told of. */
export interface NotifiedBuild {
  readonly id: string;
  readonly project: string;
  readonly status: BuildStatus;
  readonly trigger?: string;
  readonly logUrl?: string;
}

interface Meaning {
  /** Its place in the order of a build's life: one that comes late says nothing any more. */
  readonly rank: number;
  readonly moment: NotifiedMoment | "none";
  readonly verb: string;
}

/** Cloud Build's statuses, total. Messages about a build come in any order, and more than once. */
const MEANINGS: Readonly<Record<BuildStatus, Meaning>> = {
  PENDING: { rank: 0, moment: "waiting", verb: "waits for an approval" },
  QUEUED: { rank: 1, moment: "none", verb: "is queued" },
  WORKING: { rank: 2, moment: "started", verb: "has started" },
  SUCCESS: { rank: 3, moment: "succeeded", verb: "succeeded" },
  FAILURE: { rank: 3, moment: "failed", verb: "failed" },
  INTERNAL_ERROR: { rank: 3, moment: "failed", verb: "failed by a fault of the build service" },
  TIMEOUT: { rank: 3, moment: "failed", verb: "ran out of time" },
  CANCELLED: { rank: 3, moment: "failed", verb: "was cancelled" },
  EXPIRED: { rank: 3, moment: "failed", verb: "expired before it began" },
};

/** Where a status stands in a build's life: one that is not higher than an earlier one is old news. */
export function statusRank(status: BuildStatus): number {
  return MEANINGS[status].rank;
}

/** Whether a text is one of Cloud Build's statuses. */
export function isBuildStatus(text: string): text is BuildStatus {
  return Object.hasOwn(MEANINGS, text);
}

/** The notice of a build's new status, or undefined for one that people need not be told of. */
export function buildNotice(build: NotifiedBuild, environment: string): Notice | undefined {
  const { moment, verb } = MEANINGS[build.status];
  if (moment === "none") return undefined;
  const { id, project, trigger, logUrl } = build;
  return {
    moments: [moment],
    environment,
    headline: `Build ${id.slice(0, 8)} ${verb} in ${environment}.`,
    facts: [
      ["Environment", environment],
      ["Build", id],
      ["Project", project],
      ["Status", build.status],
      ...(trigger === undefined ? [] : [["Trigger", trigger] as const]),
    ],
    ...(moment === "waiting" ? { needed: "Approve or reject the build." } : {}),
    ...(moment === "failed" ? { needed: "Read the build's log." } : {}),
    ...(logUrl === undefined ? {} : { link: logUrl }),
  };
}
