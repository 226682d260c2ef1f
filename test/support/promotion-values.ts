import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Promotion } from "../../src/core/manifest/derive-manifest.ts";
import { parsePlatform } from "../../src/core/platform/parse-platform.ts";
import type { Environment, Platform } from "../../src/core/platform/platform.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { renderProblem } from "../../src/core/values/problem.ts";
import { instant } from "../../src/core/values/time.ts";

const SAMPLE = resolve(import.meta.dirname, "../../examples/mobius");

/** The sample's platform file, parsed. */
export function samplePlatform(): Platform {
  const parsed = parsePlatform(readFileSync(`${SAMPLE}/umbrella/mobius.yaml`, "utf8"), "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems.map(renderProblem).join("\n"));
  return parsed.value;
}

/** One of the platform's environments. */
export function environmentOf(platform: Platform, name: string): Environment {
  const environment = platform.environments[name];
  if (environment === undefined) throw new Error(`no environment ${name}`);
  return environment;
}

/** The commit that this fixture gives a module. */
export function commitOf(module: string): string {
  return digestOf(`commit of ${module}`).slice("sha256:".length, "sha256:".length + 40);
}

/** The sample's staging manifest as a person wrote it, of the 26th of November 2026. */
export function sampleManifest(): string {
  return readFileSync(`${SAMPLE}/manifests/staging.yaml`, "utf8")
    .replaceAll("{{date}}", "2026-11-26")
    .replaceAll(/\{\{commit:([^}@]*)\}\}/g, (_, module: string) => commitOf(module));
}

/** The sample's staging release, to be promoted to production a day later. */
export function samplePromotion(change: Partial<Promotion> = {}): Promotion {
  const platform = change.platform ?? samplePlatform();
  return {
    text: sampleManifest(),
    file: "release-manifests/2026-11-26-staging.yaml",
    platform,
    source: environmentOf(platform, "staging"),
    target: change.target ?? environmentOf(platform, "production"),
    release: {
      id: "REL-1",
      planDigest: digestOf("plan"),
      verifiedAt: instant(Date.UTC(2026, 10, 26, 16, 30)),
      pins: {
        commits: Object.fromEntries(Object.keys(platform.modules).map((module) => [module, commitOf(module)])),
        images: Object.fromEntries(
          Object.keys(platform.images).map((name) => {
            const entry = platform.images[name];
            const artifact = entry?.kind === "same-as" ? entry.image : name;
            return [name, `gcr.io/mobius-staging/${artifact}@${digestOf(artifact)}`];
          }),
        ),
      },
    },
    date: "2026-11-27",
    taken: [],
    overrides: {},
    ...change,
  };
}
