import { builtInsOfEvent } from "../../core/trigger/scm-event.ts";
import type { TriggerSettings } from "../../core/trigger/trigger.ts";
import type { CommitId } from "../../core/values/ids.ts";
import { isRemoteRepository } from "../../core/values/repository-url.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Source } from "../../ports/source.ts";
import type { TriggerRun } from "./trigger-run.ts";

/** What triggers read of repositories. */
export interface TriggerSource extends Pick<Source, "refresh" | "resolve" | "readFile" | "list"> {
  /** Whether the platform file names the repository: of folders, no others are read because a trigger says so. */
  readonly isDeclared: (url: string) => Promise<boolean>;
}

/** A commit of a repository, and what it gives to the built-in keys. */
export interface Revision {
  readonly uri: string;
  readonly commit: CommitId;
  readonly builtIns: Readonly<Record<string, string>>;
}

export type RevisionRequest = Pick<TriggerRun, "source" | "event">;

/**
 * The revision that the build works on; undefined where the trigger names no repository. What an event says of it is a
 * hint: git is asked, and a delivery that came after a newer push starts nothing.
 */
export async function findRevision(
  source: TriggerSource,
  uri: string | undefined,
  settings: TriggerSettings,
  { source: asked, event }: RevisionRequest,
): Promise<Result<Revision | undefined, string>> {
  if (uri === undefined) return ok(undefined);
  const tag = asked?.tagName ?? (event?.kind === "push" && event.to === "tag" ? event.name : undefined);
  const name = event === undefined ? undefined : event.kind === "push" ? event.name : event.head;
  const ref = asked?.commitSha ?? tag ?? asked?.branchName ?? name ?? settings.sourceToBuild?.ref ?? "HEAD";
  const commit = await findCommit(source, uri, ref);
  if (!commit.ok) return commit;
  if (event === undefined) return ok({ uri, commit: commit.value, builtIns: builtInsOf(uri, commit.value, ref, tag) });
  if (commit.value !== event.commit) {
    return err(`${ref} of ${uri} is at ${commit.value} by now: ${event.commit} is not built any more`);
  }
  return ok({ uri, commit: commit.value, builtIns: builtInsOfEvent(event) });
}

/** The commit that a branch, tag or commit id leads to, as the remote has it now. */
export async function findCommit(source: TriggerSource, uri: string, ref: string): Promise<Result<CommitId, string>> {
  if (!isRemoteRepository(uri) && !(await source.isDeclared(uri))) {
    return err(`${uri} is no address by https or ssh, nor a repository of mobius.yaml`);
  }
  const refreshed = await source.refresh(uri);
  if (!refreshed.ok) return err(`${uri} cannot be reached`);
  const commit = await source.resolve(uri, ref.replace(/^refs\/(heads|tags)\//, ""));
  return commit.ok ? commit : err(`${uri} has no ${ref}`);
}

/** Paths whose content differs between a branch and a commit. */
export async function changedFiles(
  source: TriggerSource,
  { uri, commit }: Revision,
  base: string,
): Promise<Result<readonly string[], string>> {
  const from = await findCommit(source, uri, base);
  if (!from.ok) return from;
  const objects = async (at: CommitId) =>
    new Map((await source.list(uri, at, ".")).map(({ path, object }) => [path, object] as const));
  const [before, after] = [await objects(from.value), await objects(commit)];
  return ok([...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path)));
}

function builtInsOf(uri: string, commit: string, ref: string, tag?: string): Readonly<Record<string, string>> {
  const [, fullName = ""] = /^(?:https:\/\/[^/]+\/|ssh:\/\/[^/]+\/|[^/:]+@[^/:]+:)(.+?)(?:\.git)?$/.exec(uri) ?? [];
  const name = ref.replace(/^refs\/(heads|tags)\//, "");
  const isCommit = /^[0-9a-f]{40}$/.test(name) || name === "HEAD";
  const isTag = tag !== undefined || ref.startsWith("refs/tags/");
  return {
    COMMIT_SHA: commit,
    REVISION_ID: commit,
    SHORT_SHA: commit.slice(0, 7),
    REPO_NAME: /([^/]+?)(?:\.git)?$/.exec(uri)?.[1] ?? "",
    ...(fullName === "" ? {} : { REPO_FULL_NAME: fullName }),
    ...(isCommit ? {} : { REF_NAME: name, [isTag ? "TAG_NAME" : "BRANCH_NAME"]: name }),
  };
}
