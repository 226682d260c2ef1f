import type { YamlTree } from "../yaml/add-entries.ts";
import type { Placed } from "./assign-environments.ts";
import type { Found } from "./found.ts";
import type { ImportFindings } from "./import-findings.ts";

/**
 * Settings of a service as one declaration for every environment: the first environment's, in the order of the inputs.
 * Where another one differs, that is said and left.
 */
export function mergeSettings(
  part: "run" | "health",
  inputs: readonly Placed[],
  findings: ImportFindings,
): Readonly<Record<string, YamlTree>> {
  const merged: Record<string, YamlTree> = {};
  const from: Record<string, string> = {};
  for (const { found, environment } of inputs) {
    for (const [key, value] of Object.entries(found[part])) {
      const text = JSON.stringify(value);
      if (merged[key] === undefined) {
        merged[key] = value;
        from[key] = environment;
      } else if (JSON.stringify(merged[key]) !== text) {
        const because = `mobius.yaml has one value for every environment, and that of ${from[key]} was taken`;
        findings.left.push({ source: found.source, path: `${part}.${key}`, because, value: text, kind: "setting" });
      }
    }
  }
  const { minInstances, maxInstances } = merged;
  // Cloud Run's own default is higher than ours: what is not said there must not be less than what is.
  if (part === "run" && typeof minInstances === "number" && minInstances > Number(maxInstances ?? 10)) {
    merged.maxInstances = minInstances;
    const text = `maxInstances is set to minInstances, ${minInstances}, which it may not be less than`;
    findings.note(inputs[0]?.found.service ?? "", text);
  }
  return merged;
}

/** A service's role by what it is and what it is called. */
export function roleOf(service: string, inputs: readonly Placed[], findings: ImportFindings): "api" | "worker" | "job" {
  if (inputs.some(({ found }) => found.kind === "job")) return "job";
  if (!/(^|-)worker(-|$)/.test(service)) return "api";
  findings.note(service, "its name says that it is a worker: correct role if it answers requests of others");
  return "worker";
}

/** An image's reference taken apart. */
export interface ImageName {
  /** Such as `gcr.io/mobius-staging`. */
  readonly registry: string;
  /** Within the registry; with Artifact Registry, its own repository comes first. */
  readonly repository: string;
  /** `:tag` or `@sha256:…`, as it stands there. */
  readonly version: string;
}

/** Takes a reference of an image apart; undefined where it is none that an environment's registry can hold. */
export function imageNameOf(reference: string): ImageName | undefined {
  const [, name = "", version = ""] = /^([^@]+?)((?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?)$/.exec(reference) ?? [];
  const [host = "", project = "", ...rest] = name.split("/");
  const repository = rest.join("/");
  const isHost = host.includes(".") || host.includes(":");
  if (!isHost || project === "" || !/^[a-z0-9][a-z0-9._/-]*$/.test(repository)) return undefined;
  return { registry: `${host}/${project}`, repository, version };
}

/** Leaves what the inputs say of the image's version: it is the manifest's to say. */
export function leaveImageVersion({ source, image }: Found, findings: ImportFindings): void {
  if (image === undefined) return;
  const because =
    imageNameOf(image) === undefined
      ? "mobius.yaml has no form for this image: its registry has to stand before its project and name"
      : "a manifest says which image is released";
  findings.left.push({ source, path: "image", because, value: image, kind: "setting" });
}
