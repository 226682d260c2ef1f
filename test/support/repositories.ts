import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type CommitId, isCommitId } from "../../src/core/values/ids.ts";

const run = promisify(execFile);
const PERSON = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always"];

/** A folder with real repositories in it, gone when it is disposed of. */
export interface Repositories extends AsyncDisposable {
  /** The umbrella's folder: relative addresses are relative to it, and everything is beneath its parent. */
  readonly umbrella: string;
  readonly folder: string;
  /** Runs git in a folder beneath `folder`. */
  git(folder: string, ...args: readonly string[]): Promise<string>;
  /** Makes a bare remote and a clone of it: `name.git` and `name`. */
  make(name: string): Promise<void>;
  /** Writes files, commits them and gives the commit; not pushed. */
  commit(name: string, files: Readonly<Record<string, string>>, message?: string): Promise<CommitId>;
  /** Pushes the clone's branch. */
  push(name: string, ...args: readonly string[]): Promise<void>;
}

/** Makes the folder. */
export async function makeRepositories(): Promise<Repositories> {
  const folder = await mkdtemp(join(tmpdir(), "mobius-git-"));
  const umbrella = join(folder, "umbrella");
  const git = async (path: string, ...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
    return (await run("git", [...PERSON, ...args], { cwd: join(folder, path), env })).stdout.trim();
  };
  await mkdir(umbrella);
  return {
    umbrella,
    folder,
    git,
    async make(name) {
      await git(".", "init", "--quiet", "--bare", "--initial-branch=main", `${name}.git`);
      if (name === "umbrella") {
        await git(name, "init", "--quiet", "--initial-branch=main");
        await git(name, "remote", "add", "origin", "../umbrella.git");
      } else {
        await git(".", "clone", "--quiet", `./${name}.git`, name);
        await git(name, "checkout", "--quiet", "-B", "main");
      }
    },
    async commit(name, files, message = "change") {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name, path)), { recursive: true });
        await writeFile(join(folder, name, path), text);
        await git(name, "add", "--", `:(literal)${path}`);
      }
      await git(name, "commit", "--quiet", "--allow-empty", "-m", message);
      const id = await git(name, "rev-parse", "HEAD");
      if (!isCommitId(id)) throw new Error(`no commit: ${id}`);
      return id;
    },
    async push(name, ...args) {
      await git(name, "push", "--quiet", "origin", ...(args.length === 0 ? ["main"] : args));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
