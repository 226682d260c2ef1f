import type { Manifest } from "../../core/manifest/manifest.ts";
import type { ResolvedArtifact } from "../../core/plan/plan-input.ts";
import type { Module } from "../../core/platform/platform.ts";
import type { Digest } from "../../core/values/digest.ts";
import type { Images } from "../../ports/images.ts";

/** Whether the manifest names the commit of everything that the module's images are made from. */
export function isWhollyNamed(manifest: Manifest, module: Module): boolean {
  const isNamed = (name: string) => manifest.commits[name] !== undefined;
  return isNamed(module.name) && module.inputs.every((input) => input.kind === "module" && isNamed(input.module));
}

/** What the registry knows of an image that a manifest pins. */
export async function pinnedImage(
  images: Images,
  repository: string,
  pinned: Digest,
): Promise<NonNullable<ResolvedArtifact["pinned"]>> {
  const labels = await images.labels(`${repository}@${pinned}`);
  const key = labels?.["org.mobius.build-key"];
  return { digest: pinned, exists: labels !== undefined, ...(key === undefined ? {} : { key }) };
}
