import { assert } from "../core/values/assert.ts";
import { digestOf } from "../core/values/digest.ts";
import { type CommitId, isCommitId } from "../core/values/ids.ts";
import { err, ok } from "../core/values/result.ts";
import type { WriteBack } from "./source.ts";

/** A branch `main` in memory. */
export interface MemoryWriteBack extends WriteBack {
  readonly files: ReadonlyMap<string, string>;
  /** Oldest first. `release` is undefined for what others pushed. */
  readonly commits: readonly { readonly id: CommitId; readonly subject: string; readonly release?: string }[];
  /** What somebody else pushes. */
  push(path: string, text: string): void;
  /** From now on the remote does not answer. */
  remove(): void;
}

/** An umbrella that takes write-backs, with one commit, `Start`. */
export function createMemoryWriteBack(): MemoryWriteBack {
  const files = new Map<string, string>();
  const commits: { id: CommitId; subject: string; release?: string }[] = [];
  let isThere = true;
  const append = (subject: string, release?: string): CommitId => {
    const id = digestOf(`${commits.length} ${subject}`).slice(7, 47);
    assert(isCommitId(id), "a digest has 64 digits");
    commits.push({ id, subject, ...(release === undefined ? {} : { release }) });
    return id;
  };
  append("Start");
  return {
    files,
    commits,
    push(path, text) {
      files.set(path, text);
      append("By hand");
    },
    remove() {
      isThere = false;
    },
    async commit({ branch, release, message, files: changes }) {
      if (!isThere) return err({ kind: "unreachable", url: "memory", reason: "the remote is gone" });
      if (branch !== "main") return err({ kind: "unreachable", url: "memory", reason: `no branch ${branch}` });
      const earlier = commits.find((commit) => commit.release === release);
      if (earlier !== undefined) return ok({ commit: earlier.id, workingFolder: "followed" });
      const changed = changes.flatMap(({ path, change }) => {
        const text = change(files.get(path));
        return text === files.get(path) ? [] : [[path, text] as const];
      });
      if (changed.length === 0) return ok({ commit: undefined, workingFolder: "left-alone" });
      for (const [path, text] of changed) files.set(path, text);
      return ok({ commit: append(message.split("\n")[0] ?? "", release), workingFolder: "followed" });
    },
  };
}
