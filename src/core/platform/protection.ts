import type { Environment } from "./platform.ts";

/** Whether it takes only what another environment has proved: images by digest, and nothing is built for it. */
export function takesDigestsOnly({ policies }: Pick<Environment, "policies">): boolean {
  return policies.promoteFrom !== undefined;
}

/** Whether its rules keep programs of a repository from deploying to it: it is promoted to, or asks for approvals. */
export function isProtected({ policies }: Pick<Environment, "policies">): boolean {
  return policies.promoteFrom !== undefined || policies.approvals !== undefined;
}
