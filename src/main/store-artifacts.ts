import { rm, stat, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { listSourceFiles } from "../adapters/images/list-source-files.ts";
import type { ObjectStore } from "../cloud/storage/object-store.ts";
import type { StoredArtifacts } from "../core/build/events.ts";
import { sourceDirectory } from "../core/build/step-context.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { ArtifactsRequest } from "../engine/builds/build-dependencies.ts";

interface Location {
  readonly bucket: string;
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
}

/**
 * Uploads a build's `artifacts.objects` to the embedded storage, and beside them the list of what they are, as Cloud Build
 * does: each under its own name, whatever folder it comes from. A pattern that finds nothing fails the build.
 */
export async function storeArtifacts(
  objects: ObjectStore,
  { build, workspace, onLine, signal }: ArtifactsRequest,
): Promise<Result<StoredArtifacts, string>> {
  const { location = "", paths = [] } = build.config.artifacts?.objects ?? {};
  const [, bucket = "", path = ""] = /^gs:\/\/([^/]+)\/?(.*)$/.exec(location) ?? [];
  const place: Location = { bucket, prefix: path === "" || path.endsWith("/") ? path : `${path}/` };
  if ((await objects.bucket(bucket))?.project !== build.project) {
    return err(
      `bucket gs://${bucket} is not one of project ${build.project}: gcloud storage buckets create gs://${bucket}`,
    );
  }
  const root = join(workspace, sourceDirectory(build.config));
  onLine(`Artifacts will be uploaded to gs://${bucket} using gsutil cp`);
  const entries: string[] = [];
  for (const pattern of paths) {
    signal.throwIfAborted();
    onLine(`${pattern}: Uploading path....`);
    const found = await listSourceFiles({ root, include: [relativePattern(pattern)] });
    if (!found.ok) return err(`${pattern}: no files match, or one of them is a link that leads out of the workspace`);
    for (const file of found.value) entries.push(await upload(objects, place, join(root, file)));
    onLine(`${pattern}: ${found.value.length} matching files uploaded`);
  }
  onLine(`${entries.length} total artifacts uploaded to ${location}`);
  const manifest = await uploadManifest(objects, place, { workspace, id: build.id, text: `${entries.join("\n")}\n` });
  onLine(`Uploading manifest artifacts-${build.id}.json`);
  onLine(`Artifact manifest located at ${manifest}`);
  return ok({ manifest, count: entries.length });
}

/** A line of the manifest: where it is, and its MD5 as base64. */
async function upload(objects: ObjectStore, { bucket, prefix }: Location, path: string): Promise<string> {
  const { size } = await stat(path);
  const name = prefix + basename(path);
  const stored = await objects.put(bucket, name, { path, from: 0, until: size });
  return JSON.stringify({
    location: `gs://${bucket}/${name}#${stored.generation}`,
    file_hash: [{ file_hash: [{ type: 2, value: stored.md5Base64 }] }],
  });
}

async function uploadManifest(
  objects: ObjectStore,
  { bucket, prefix }: Location,
  { workspace, id, text }: { readonly workspace: string; readonly id: string; readonly text: string },
): Promise<string> {
  const path = join(workspace, "..", `artifacts-${id}.json`);
  await writeFile(path, text, { mode: 0o600 });
  const name = `${prefix}artifacts-${id}.json`;
  const stored = await objects.put(bucket, name, { path, from: 0, until: Buffer.byteLength(text) });
  await rm(path, { force: true });
  return `gs://${bucket}/${name}#${stored.generation}`;
}

/** Patterns are meant from the workspace, also where they begin with its path. */
function relativePattern(pattern: string): string {
  return pattern.startsWith("/workspace/") ? relative("/workspace", pattern) : pattern;
}
