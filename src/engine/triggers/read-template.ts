import type { BuildConfig } from "../../core/build/build-config.ts";
import { parseTriggerBuildConfig } from "../../core/build/parse-build-config.ts";
import type { RepoSource, TriggerSettings } from "../../core/trigger/trigger.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Source } from "../../ports/source.ts";

export type TemplateSource = Pick<Source, "refresh" | "resolve" | "readFile">;

/** What a trigger's build is made of, and what its revision gives to the built-in keys. */
export interface Template {
  readonly config: BuildConfig;
  readonly builtIns: Readonly<Record<string, string>>;
}

/**
 * Reads a trigger's build: what stands in it, or a file of a repository at the revision that is asked for, pinned to its
 * commit. Such a file is read as strictly as Google's server does.
 */
export async function readTemplate(
  source: TemplateSource,
  settings: TriggerSettings,
  asked: RepoSource | undefined,
): Promise<Result<Template, string>> {
  const { build, filename, gitFileSource, sourceToBuild } = settings;
  const revision = await revisionOf(source, settings, asked);
  if (!revision.ok) return revision;
  const from = revision.value === undefined ? {} : { source: { gitSource: gitSourceOf(revision.value) } };
  const builtIns = revision.value === undefined ? {} : builtInsOf(revision.value);
  if (build !== undefined) return ok({ config: { ...build, ...from }, builtIns });
  const path = filename ?? gitFileSource?.path ?? "cloudbuild.yaml";
  const uri = gitFileSource?.uri ?? sourceToBuild?.uri;
  if (uri === undefined) return err(`${path} is in no repository that can be read here: give the trigger a uri`);
  const at = revision.value?.commit ?? gitFileSource?.revision ?? "HEAD";
  const text = await fileOf(source, { uri, revision: at, path });
  if (!text.ok) return text;
  const parsed = parseTriggerBuildConfig(text.value, path);
  if (!parsed.ok) return err(parsed.problems[0].why[0] ?? parsed.problems[0].summary);
  return ok({ config: { ...parsed.value, ...from }, builtIns: { ...builtIns, TRIGGER_BUILD_CONFIG_PATH: path } });
}

interface Revision {
  readonly uri: string;
  readonly commit: string;
  readonly ref: string;
}

/** The revision that the build works on; undefined where the trigger names no repository. */
async function revisionOf(
  source: TemplateSource,
  { sourceToBuild }: TriggerSettings,
  asked: RepoSource | undefined,
): Promise<Result<Revision | undefined, string>> {
  const uri = sourceToBuild?.uri;
  if (uri === undefined) return ok(undefined);
  const ref = asked?.commitSha ?? asked?.tagName ?? asked?.branchName ?? sourceToBuild?.ref ?? "HEAD";
  const commit = await commitOf(source, uri, ref);
  if (!commit.ok) return commit;
  return ok({ uri, commit: commit.value, ref: asked?.tagName === undefined ? ref : `refs/tags/${asked.tagName}` });
}

async function commitOf(source: TemplateSource, uri: string, ref: string): Promise<Result<string, string>> {
  const refreshed = await source.refresh(uri);
  if (!refreshed.ok) return err(`${uri} cannot be reached`);
  const commit = await source.resolve(uri, ref.replace(/^refs\/(heads|tags)\//, ""));
  return commit.ok ? commit : err(`${uri} has no ${ref}`);
}

async function fileOf(
  source: TemplateSource,
  { uri, revision, path }: { readonly uri: string; readonly revision: string; readonly path: string },
): Promise<Result<string, string>> {
  const commit = await commitOf(source, uri, revision);
  if (!commit.ok) return commit;
  const resolved = await source.resolve(uri, commit.value);
  const text = resolved.ok ? await source.readFile(uri, resolved.value, path) : undefined;
  return text === undefined ? err(`${uri} has no ${path} at ${commit.value}`) : ok(text);
}

function gitSourceOf({ uri, commit }: Revision) {
  return { url: uri, revision: commit };
}

function builtInsOf({ uri, commit, ref }: Revision): Readonly<Record<string, string>> {
  const repository = /([^/]+?)(?:\.git)?$/.exec(uri)?.[1] ?? "";
  const name = ref.replace(/^refs\/(heads|tags)\//, "");
  const isCommit = /^[0-9a-f]{40}$/.test(name) || name === "HEAD";
  const isTag = ref.startsWith("refs/tags/");
  return {
    COMMIT_SHA: commit,
    REVISION_ID: commit,
    SHORT_SHA: commit.slice(0, 7),
    REPO_NAME: repository,
    ...(isCommit ? {} : { REF_NAME: name, [isTag ? "TAG_NAME" : "BRANCH_NAME"]: name }),
  };
}
