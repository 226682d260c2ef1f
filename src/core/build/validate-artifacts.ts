import type { BuildConfig } from "./build-config.ts";
import type { BuildLimits } from "./settings.ts";

/** Complaints about what a build promises to leave: images said twice, and objects for a bucket. */
export function checkArtifacts({ images = [], artifacts }: BuildConfig, limits: BuildLimits): string | undefined {
  const again = artifacts?.images ?? [];
  const isSame = images.length === again.length && images.every((image, index) => image === again[index]);
  if (images.length > 0 && again.length > 0 && !isSame) {
    return "cannot specify different .images and .artifacts.images";
  }
  if (artifacts?.objects === undefined) return undefined;
  const complaint = checkLocation(artifacts.objects.location) ?? checkPaths(artifacts.objects.paths, limits);
  return complaint === undefined ? undefined : `invalid .artifacts field: ${complaint}`;
}

function checkLocation(location = ""): string | undefined {
  if (location === "") return ".artifacts.location field is empty";
  // One that begins with a substitution is judged once it is replaced.
  if (location.startsWith("gs://") || /^\$\{?_?[A-Z]/.test(location)) return undefined;
  return `invalid .artifacts.location value ${JSON.stringify(location)}; Google Cloud Storage URLs must begin with 'gs://'`;
}

function checkPaths(paths: readonly string[] = [], limits: BuildLimits): string | undefined {
  if (paths.length === 0) return ".artifacts.paths field empty";
  if (paths.length > limits.artifactPaths) {
    return `.artifacts.paths field has length ${paths.length}, but cannot specify more than ${limits.artifactPaths}`;
  }
  const spaced = paths.find((path) => /\s/.test(path));
  if (spaced !== undefined) return `.artifacts.paths ${JSON.stringify(spaced)} contains whitespace`;
  const repeated = [...new Set(paths.filter((path, index) => paths.indexOf(path) !== index))];
  if (repeated.length === 0) return undefined;
  return `.artifacts.paths field has duplicate paths; remove duplicates [${repeated.join(" ")}]`;
}
