import type { BuildConfig, BuildVolume } from "./build-config.ts";

/** A step's variables as the file gives them: `options.env`, then the step's own `env`, later ones winning. */
export function stepVariables(config: BuildConfig, step: number): Readonly<Record<string, string>> {
  const entries = [...(config.options?.env ?? []), ...(config.steps[step]?.env ?? [])];
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** The step's secret variables, each with the version that it names. */
export function stepSecrets(
  config: BuildConfig,
  step: number,
): readonly { readonly env: string; readonly versionName: string }[] {
  const wanted = new Set([...(config.options?.secretEnv ?? []), ...(config.steps[step]?.secretEnv ?? [])]);
  return (config.availableSecrets?.secretManager ?? []).filter(({ env }) => wanted.has(env));
}

/** Volumes of a step: those of the whole build, then its own; paths are absolute and clean. */
export function stepVolumes(config: BuildConfig, step: number): readonly BuildVolume[] {
  const volumes = [...(config.options?.volumes ?? []), ...(config.steps[step]?.volumes ?? [])];
  return volumes.map(({ name, path }) => ({ name, path: cleanPath(path) }));
}

/** Where a step works: `/workspace`, the source's `dir`, the step's `dir`; an absolute one replaces what is before it. */
export function stepDirectory(config: BuildConfig, step: number): string {
  const own = config.steps[step]?.dir ?? "";
  if (own.startsWith("/")) return cleanPath(own);
  return cleanPath(`/workspace/${sourceDirectory(config)}/${own}`);
}

/** Images that a build promises to leave in a registry. */
export function promisedImages(config: BuildConfig): readonly string[] {
  return [...new Set([...(config.images ?? []), ...(config.artifacts?.images ?? [])])];
}

/** The folder of the source in which a build works; empty where it gives none. */
export function sourceDirectory(config: BuildConfig): string {
  for (const kind of ["gitSource", "repoSource", "connectedRepository", "developerConnectConfig"]) {
    const source = config.source?.[kind];
    if (typeof source === "object" && source !== null && "dir" in source && typeof source.dir === "string") {
      return source.dir;
    }
  }
  return "";
}

/** An absolute path without `.`, `..` and double slashes; `..` at the root stays there. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
