import { canonicalJson } from "../values/digest.ts";
import type { EnvValue, RevisionTemplate } from "./observed.ts";
import type { IntendedService } from "./plan.ts";

/** Names of the settings that are compared one by one, with what they are called in a plan. */
const SETTINGS = {
  command: "command",
  args: "args",
  port: "port",
  memory: "memory",
  cpu: "cpu",
  cpuThrottling: "CPU throttling",
  minInstances: "min instances",
  maxInstances: "max instances",
  concurrency: "concurrency",
  timeoutSeconds: "timeout",
  serviceAccount: "service account",
  cloudsqlInstances: "Cloud SQL instances",
  startup: "health check",
} as const satisfies Partial<Record<keyof IntendedService, string>>;

/**
 * Why the live revision is not what is intended, in short clauses; empty where it is. An image that has yet to be built
 * is always a reason.
 */
export function differences(intended: IntendedService, live: RevisionTemplate): readonly string[] {
  const reasons: string[] = [];
  const liveDigest = live.image.split("@")[1];
  if (intended.image.digest === undefined) reasons.push("image: to be built");
  else if (intended.image.digest !== liveDigest) {
    reasons.push(`image: ${short(liveDigest)} → ${short(intended.image.digest)}`);
  }
  reasons.push(...envDifferences(intended.env, live.env));
  for (const [setting, name] of Object.entries(SETTINGS)) {
    const key = setting as keyof typeof SETTINGS;
    const [was, is] = [canonicalJson(live[key]), canonicalJson(intended[key])];
    if (was !== is) reasons.push(`${name}: ${was} → ${is}`);
  }
  return reasons;
}

function envDifferences(
  intended: Readonly<Record<string, EnvValue>>,
  live: Readonly<Record<string, EnvValue>>,
): readonly string[] {
  const names = [...new Set([...Object.keys(intended), ...Object.keys(live)])].sort();
  return names.flatMap((name) => {
    const [is, was] = [intended[name], live[name]];
    if (is !== undefined && was === undefined) return [`env ${name} added`];
    if (is === undefined) return [`env ${name} removed`];
    if (canonicalJson(is) === canonicalJson(was)) return [];
    if (is.kind === "secret" && was?.kind === "secret" && is.secret === was.secret) {
      return [`secret ${is.secret}: version ${was.version} → ${is.version}`];
    }
    return [`env ${name} changed`];
  });
}

function short(digest: string | undefined): string {
  return digest === undefined ? "unknown" : digest.slice("sha256:".length, "sha256:".length + 12);
}
