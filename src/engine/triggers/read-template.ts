import type { BuildConfig } from "../../core/build/build-config.ts";
import { parseTriggerBuildConfig } from "../../core/build/parse-build-config.ts";
import type { TriggerSettings } from "../../core/trigger/trigger.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { findCommit, findRevision, type Revision, type RevisionRequest, type TriggerSource } from "./find-revision.ts";

/** What a trigger's build is made of, and what its revision gives to the built-in keys. */
export interface Template {
  readonly config: BuildConfig;
  readonly builtIns: Readonly<Record<string, string>>;
  readonly revision?: Revision;
}

/** Where Cloud Build looks for a configuration that nobody named. */
const USUAL_FILES = ["cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json"] as const;

/**
 * Reads a trigger's build: what stands in it, or a file of a repository at the revision that is asked for, pinned to its
 * commit. Such a file is read as strictly as Google's server does, and whom it wants to run as is left out: whoever may
 * push could otherwise choose an account.
 */
export async function readTemplate(
  source: TriggerSource,
  settings: TriggerSettings,
  asked: RevisionRequest,
): Promise<Result<Template, string>> {
  const { build, serviceAccount } = settings;
  const uri = repositoryOf(settings);
  if (!uri.ok) return uri;
  const found = await findRevision(source, uri.value, settings, asked);
  if (!found.ok) return found;
  const revision = found.value;
  const from = {
    ...(revision === undefined ? {} : { source: { gitSource: { url: revision.uri, revision: revision.commit } } }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
  };
  const builtIns = revision?.builtIns ?? {};
  const known = revision === undefined ? {} : { revision };
  if (build !== undefined) return ok({ config: { ...build, ...from }, builtIns, ...known });
  const file = await readFile(source, settings, revision);
  if (!file.ok) return file;
  const { path, text } = file.value;
  const parsed = parseTriggerBuildConfig(text, path);
  if (!parsed.ok) return err(parsed.problems[0].why[0] ?? parsed.problems[0].summary);
  const { serviceAccount: _, ...config } = parsed.value;
  return ok({
    config: { ...config, ...from },
    builtIns: { ...builtIns, TRIGGER_BUILD_CONFIG_PATH: path },
    ...known,
  });
}

/** The address of the repository that is built; those that were connected to Google are known to it alone. */
function repositoryOf(settings: TriggerSettings): Result<string | undefined, string> {
  const { sourceToBuild, github, triggerTemplate } = settings;
  if (sourceToBuild?.uri !== undefined) return ok(sourceToBuild.uri);
  if (github?.owner !== undefined && github.name !== undefined) {
    return ok(`https://github.com/${github.owner}/${github.name}`);
  }
  const connected = sourceToBuild?.repository ?? triggerTemplate?.repoName;
  return connected === undefined ? ok(undefined) : err(`${connected} cannot be read here: give source_to_build a uri`);
}

async function readFile(
  source: TriggerSource,
  { filename, gitFileSource }: TriggerSettings,
  revision: Revision | undefined,
): Promise<Result<{ readonly path: string; readonly text: string }, string>> {
  const named = filename ?? gitFileSource?.path;
  const uri = gitFileSource?.uri ?? revision?.uri;
  const paths = named === undefined ? USUAL_FILES : [named];
  if (uri === undefined) return err(`${paths[0]} is in no repository that can be read here: give the trigger a uri`);
  // A file of another repository has a revision of its own.
  const isSame = uri === revision?.uri;
  const commit = isSame ? ok(revision.commit) : await findCommit(source, uri, gitFileSource?.revision ?? "HEAD");
  if (!commit.ok) return commit;
  for (const path of paths) {
    const text = await source.readFile(uri, commit.value, path);
    if (text !== undefined) return ok({ path, text });
  }
  return err(`${uri} has no ${paths.join(", no ")} at ${commit.value}`);
}
