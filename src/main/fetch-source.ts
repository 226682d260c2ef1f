import { extractTarball } from "../adapters/archives/extract-tarball.ts";
import type { ObjectStore } from "../cloud/storage/object-store.ts";
import type { Build } from "../core/build/state.ts";
import { err, type Result } from "../core/values/result.ts";
import type { Source } from "../ports/source.ts";

interface Sources {
  readonly objects: ObjectStore;
  readonly source: Source;
}

/** Puts a build's source into its workspace: an uploaded archive, or a commit of a repository. */
export async function fetchSource(sources: Sources, build: Build, workspace: string): Promise<Result<void, string>> {
  const { storageSource, gitSource, ...others } = (build.config.source ?? {}) as Readonly<Record<string, object>>;
  if (storageSource !== undefined) return fetchArchive(sources, build, storageSource, workspace);
  if (gitSource !== undefined) return fetchCommit(sources, gitSource, workspace);
  return err(`a source of kind ${Object.keys(others).join(", ") || "none"} cannot be fetched here`);
}

interface StorageSource {
  readonly bucket?: string;
  readonly object?: string;
  readonly generation?: string;
}

/** A build reads the buckets of its own project, and no others. */
async function fetchArchive(
  { objects }: Sources,
  build: Build,
  given: StorageSource,
  workspace: string,
): Promise<Result<void, string>> {
  const { bucket = "", object: name = "", generation } = given;
  const owner = await objects.bucket(bucket);
  const object = owner?.project === build.project ? await objects.object(bucket, name) : undefined;
  const isSame =
    generation === undefined || generation === "" || generation === "0" || object?.generation === generation;
  const path = object === undefined || !isSame ? undefined : await objects.content(object);
  if (path === undefined) return err(`object gs://${bucket}/${name} is not there`);
  const unpacked = await extractTarball(path, workspace);
  return unpacked.ok ? unpacked : err(`gs://${bucket}/${name} cannot be unpacked: ${unpacked.error}`);
}

interface GitSource {
  readonly url?: string;
  readonly revision?: string;
  readonly dir?: string;
}

async function fetchCommit(
  { source }: Sources,
  { url = "", revision, dir }: GitSource,
  workspace: string,
): Promise<Result<void, string>> {
  if (dir !== undefined && dir !== "") return err("gitSource.dir is not supported here");
  const refreshed = await source.refresh(url);
  if (!refreshed.ok) return err(`${url} does not answer`);
  const commit = await source.resolve(url, revision === undefined || revision === "" ? "HEAD" : revision);
  if (!commit.ok) return err(`${url} has no ${revision ?? "HEAD"}`);
  const checkedOut = await source.checkout(url, commit.value, workspace);
  return checkedOut.ok ? checkedOut : err(`${url} cannot be checked out`);
}
