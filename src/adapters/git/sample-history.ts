import { matchesGlob } from "../../core/values/glob.ts";
import { runGit } from "./run-git.ts";
import { SAMPLE_AUTHORS, type SampleCommit } from "./sample-repositories.ts";

/** Path → text, or the commit of a submodule. */
/** A file's text, or the commit of a submodule. */
export type SampleEntry = string | { readonly submodule: string };
export type SampleTree = ReadonlyMap<string, SampleEntry>;

export interface SampleHistory {
  /** Bare repository that is made. */
  readonly repository: string;
  readonly commits: readonly SampleCommit[];
  /** What `files` of the commits choose from. */
  readonly files: SampleTree;
  /** Files of a variant's folder. */
  readonly variantOf: (name: string) => SampleTree;
}

const EXECUTABLE = /\.sh$/;

/**
 * Makes a bare repository with a whole history in two processes, whatever its length. Gives the commits in the order of
 * the list. Authors, dates and texts are fixed, so the ids are too.
 */
export async function writeHistory({
  repository,
  commits,
  files,
  variantOf,
}: SampleHistory): Promise<readonly string[]> {
  await runGit(["init", "--quiet", "--bare", "--initial-branch=main", "--", repository], { cwd: "/" });
  const stream = commits.map((commit, index) => {
    const chosen = [...files].filter(([path]) => commit.files.some((pattern) => matchesGlob(pattern, path)));
    const variant = commit.variant === undefined ? [] : [...variantOf(commit.variant)];
    return commitText(commit, index, new Map([...chosen, ...variant]));
  });
  const marks = commits.map((_, index) => `get-mark :${index + 1}\n`);
  const input = [...stream, ...marks, "done\n"].join("");
  const printed = await runGit(["fast-import", "--quiet", "--done"], { cwd: repository, input });
  return printed.trim().split("\n");
}

/** One commit in the language of `git fast-import`. Files that the tree has already stay as they are. */
function commitText(commit: SampleCommit, index: number, files: SampleTree): string {
  const mark = index + 1;
  const who = `${SAMPLE_AUTHORS[commit.author]} ${Date.parse(commit.at) / 1_000} +0000`;
  const lines = [
    `commit refs/heads/${commit.branch ?? "main"}\n`,
    `mark :${mark}\nauthor ${who}\ncommitter ${who}\n`,
    text(`${commit.message}\n`),
    index === 0 ? "" : `from :${index}\n`,
    ...[...files].sort(byPath).map(([path, content]) => fileText(path, content)),
    "\n",
  ];
  if (commit.tag !== undefined)
    lines.push(`tag ${commit.tag}\nfrom :${mark}\ntagger ${who}\n`, text(`${commit.tag}\n`));
  return lines.join("");
}

function fileText(path: string, content: SampleEntry): string {
  if (typeof content !== "string") return `M 160000 ${content.submodule} ${path}\n`;
  return `M ${EXECUTABLE.test(path) ? "100755" : "100644"} inline ${path}\n${text(content)}`;
}

/** A length in bytes and the text. */
function text(content: string): string {
  return `data ${Buffer.byteLength(content)}\n${content}\n`;
}

function byPath([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
