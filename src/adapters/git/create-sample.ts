/**
 * Makes the sample platform of `examples/mobius` as real git repositories: one per module with a history, bare remotes,
 * and the umbrella with its submodules. Begin here; `sample-repositories.ts` is what the histories say,
 * `sample-history.ts` writes one, `sample-files.ts` reads the sources.
 */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../../core/values/assert.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { sampleFolderOccupied } from "./problems.ts";
import { runGit } from "./run-git.ts";
import { makeRemotes } from "./sample-remotes.ts";

export interface SampleRequest {
  /** Becomes the umbrella's working copy; absolute. Missing, empty, or a sample made earlier. */
  readonly directory: string;
  /** The sample's sources: `examples/mobius`. */
  readonly sampleRoot: string;
  /** `YYYY-MM-DD`: names the manifests, and is the date of the umbrella's last commit. */
  readonly date: string;
  /** The generated JSON Schemas: what the modelines of the sample's files name. */
  readonly schemas: string;
  /** Makes the text of `cloudbuild.staging.yaml`. */
  readonly renderBuildConfig?: (platformText: string, manifestFile: string) => string;
}

export interface Sample {
  /** False where it was there already. */
  readonly created: boolean;
  /** The file to release, beneath the umbrella. */
  readonly manifest: string;
}

const REMOTES = ".remotes";
/** Everything is made in here and moved out at the end, the marker last: a folder holds a whole sample or none. */
const MAKING = ".mobius-making";
const MARKER = "mobius.yaml";
const MANIFESTS = "release-manifests";
/** The manifests that are there to fail, and to follow. */
const BESIDE = /-(failing|next)-staging\.yaml$/;

/**
 * Makes the sample, or finds the one that is there. The same date gives the same commits everywhere. A folder that
 * holds something else is refused, and nothing in it is changed.
 */
export async function createSample(request: SampleRequest): Promise<Result<Sample, Problem>> {
  const { directory, date } = request;
  assert(/^\d{4}-\d{2}-\d{2}$/.test(date), `the sample's date ${date}`);
  await mkdir(directory, { recursive: true });
  const entries = (await readdir(directory)).filter((entry) => entry !== MAKING);
  if (entries.includes(MARKER) && entries.includes(REMOTES)) {
    return ok({ created: false, manifest: await newestManifest(directory) });
  }
  const [foreign] = entries.sort();
  if (foreign !== undefined) return err(sampleFolderOccupied(directory, foreign));
  const making = join(directory, MAKING);
  await rm(making, { recursive: true, force: true });
  await mkdir(making);
  await makeRemotes({ ...request, remotes: join(making, REMOTES), manifests: MANIFESTS });
  await makeWorkingCopy(making);
  const made = (await readdir(making)).filter((entry) => entry !== MARKER);
  for (const entry of made) await rename(join(making, entry), join(directory, entry));
  // Git writes the addresses of submodules in full, so they are set once more where they now stand.
  await runGit(["submodule", "--quiet", "sync"], { cwd: directory });
  await rename(join(making, MARKER), join(directory, MARKER));
  await rm(making, { recursive: true });
  return ok({ created: true, manifest: `${MANIFESTS}/${date}-staging.yaml` });
}

/** The umbrella with its submodules checked out. Its origin is relative, so that the folder may be moved. */
async function makeWorkingCopy(directory: string): Promise<void> {
  const git = (...args: readonly string[]) => runGit(args, { cwd: directory, env: { GIT_ALLOW_PROTOCOL: "file" } });
  await git("init", "--quiet", "--initial-branch=main");
  await git("remote", "add", "origin", `./${REMOTES}/umbrella.git`);
  await git("fetch", "--quiet", "origin");
  await git("checkout", "--quiet", "-B", "main", "--track", "origin/main");
  await git("submodule", "--quiet", "update", "--init", "--jobs=4");
}

/** The newest manifest of staging that is neither there to fail nor to follow another. */
async function newestManifest(directory: string): Promise<string> {
  const names = (await readdir(join(directory, MANIFESTS)))
    .filter((name) => /^\d{4}-\d{2}-\d{2}.*-staging\.yaml$/.test(name) && !BESIDE.test(name))
    .sort();
  const newest = names.at(-1);
  assert(newest !== undefined, `${directory} holds a sample without a manifest for staging`);
  return `${MANIFESTS}/${newest}`;
}
