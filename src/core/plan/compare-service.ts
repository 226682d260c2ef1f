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

/** One setting that is not as intended, in words that hold no value of a variable. */
export interface Difference {
  readonly field: string;
  readonly intended: string;
  readonly live: string;
  /** Both at once, as a plan says it. */
  readonly clause: string;
}

/**
 * Why the live revision is not what is intended, in short clauses; empty where it is. An image that has yet to be built
 * is always a reason.
 */
export function differences(intended: IntendedService, live: RevisionTemplate): readonly string[] {
  return fieldDifferences(intended, live).map(({ clause }) => clause);
}

/** The same, setting by setting. */
export function fieldDifferences(intended: IntendedService, live: RevisionTemplate): readonly Difference[] {
  const settings = Object.entries(SETTINGS).flatMap(([setting, name]) => {
    const key = setting as keyof typeof SETTINGS;
    const [was, is] = [canonicalJson(live[key]), canonicalJson(intended[key])];
    return was === is ? [] : [{ field: name, intended: is, live: was, clause: `${name}: ${was} → ${is}` }];
  });
  return [...imageDifference(intended, live), ...envDifferences(intended.env, live.env), ...settings];
}

function imageDifference({ image }: IntendedService, live: RevisionTemplate): readonly Difference[] {
  const was = live.image.split("@")[1];
  if (image.digest === was && image.digest !== undefined) return [];
  const is = image.digest === undefined ? "to be built" : short(image.digest);
  return [{ field: "image", intended: is, live: short(was), clause: `image: ${short(was)} → ${is}` }];
}

function envDifferences(
  intended: Readonly<Record<string, EnvValue>>,
  live: Readonly<Record<string, EnvValue>>,
): readonly Difference[] {
  const names = [...new Set([...Object.keys(intended), ...Object.keys(live)])].sort();
  return names.flatMap((name): readonly Difference[] => {
    const [is, was] = [intended[name], live[name]];
    const field = `env ${name}`;
    if (is !== undefined && was === undefined)
      return [{ field, intended: "declared", live: "absent", clause: `${field} added` }];
    if (is === undefined) return [{ field, intended: "absent", live: "set", clause: `${field} removed` }];
    if (canonicalJson(is) === canonicalJson(was)) return [];
    if (is.kind === "secret" && was?.kind === "secret" && is.secret === was.secret) {
      const versions = { intended: `version ${is.version}`, live: `version ${was.version}` };
      return [{ field, ...versions, clause: `secret ${is.secret}: version ${was.version} → ${is.version}` }];
    }
    return [{ field, intended: "as declared", live: "another value", clause: `${field} changed` }];
  });
}

function short(digest: string | undefined): string {
  return digest === undefined ? "unknown" : digest.slice("sha256:".length, "sha256:".length + 12);
}
