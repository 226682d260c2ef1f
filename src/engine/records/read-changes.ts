import type { CommitList, ModuleChanges } from "../../core/records/changelog.ts";
import type { CommitId } from "../../core/values/ids.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { RepositoryUrl, Source } from "../../ports/source.ts";

/** Commits beyond this many are not counted any more. */
const COUNTED = 1_000;

export interface ModuleRange {
  readonly module: string;
  readonly repository: RepositoryUrl;
  readonly from?: CommitId;
  readonly to?: CommitId;
}

/**
 * Commits that a module gained and lost between two commits, as the mirrors have them, `limit` of each shown. A
 * repository that cannot be read, or that lost one of the two, is said as such and is no error.
 */
export async function readChanges(
  source: Pick<Source, "resolve" | "log">,
  range: ModuleRange,
  limit: number,
): Promise<ModuleChanges> {
  const { module, repository, from, to } = range;
  const ends = { module, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  if (from === undefined || to === undefined || from === to) return { ...ends, commits: { kind: "none" } };
  for (const commit of [from, to]) {
    const known = await isKnown(source, repository, commit);
    if (!known.ok) return { ...ends, commits: { kind: "unreadable", reason: known.error } };
  }
  const added = await commitList(source, repository, { from, to }, limit);
  const removed = await commitList(source, repository, { from: to, to: from }, limit);
  return { ...ends, commits: { kind: "read", added, removed } };
}

async function isKnown(
  source: Pick<Source, "resolve">,
  repository: RepositoryUrl,
  commit: CommitId,
): Promise<Result<void, string>> {
  const resolved = await source.resolve(repository, commit);
  if (resolved.ok) return ok(undefined);
  const { error } = resolved;
  return err(error.kind === "unreachable" ? `${error.url} cannot be reached` : `${commit} is not at its remote`);
}

async function commitList(
  source: Pick<Source, "log">,
  repository: RepositoryUrl,
  range: { readonly from: CommitId; readonly to: CommitId },
  limit: number,
): Promise<CommitList> {
  const commits = await source.log(repository, { ...range, limit: COUNTED + 1 });
  const shown = commits.slice(0, limit).map(({ id, author, subject }) => ({ commit: id, author, subject }));
  const more = Math.min(commits.length, COUNTED) - shown.length;
  return { shown, more, isCounted: commits.length <= COUNTED };
}
