import type { Manifest } from "../manifest/manifest.ts";
import { artifactOf, type Platform } from "../platform/platform.ts";
import { takesDigestsOnly } from "../platform/protection.ts";
import type { Problem } from "../values/problem.ts";
import { overrideMissing } from "./problems.ts";

/**
 * Env overrides that services of the manifest's modules need and the manifest does not give: what a plan would refuse, and can be
 * said from the two files alone.
 */
export function missingOverrides(platform: Platform, manifest: Manifest): readonly Problem[] {
  const environment = platform.environments[manifest.environment];
  const isNamed = (module: string) =>
    manifest.commits[module] !== undefined ||
    (platform.modules[module]?.source.kind === "umbrella" &&
      environment !== undefined &&
      !takesDigestsOnly(environment));
  return Object.values(platform.services)
    .filter(({ image }) => isNamed(artifactOf(platform, image).module))
    .flatMap(({ name, env }) =>
      Object.entries(env).flatMap(([variable, expression]) =>
        [...expression.matchAll(/\$\{overrides\.([\w-]+)\}/g)]
          .map(([, override = ""]) => override)
          .filter((override) => manifest.envOverrides[override] === undefined)
          .map((override) => overrideMissing(override, name, variable)),
      ),
    );
}
