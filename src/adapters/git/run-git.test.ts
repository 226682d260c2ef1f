import { readdir, readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRepositories } from "../../../test/support/repositories.ts";
import { GitError, runGit } from "./run-git.ts";

describe("runGit", () => {
  let silent: Server;
  let address: string;
  const connected: Socket[] = [];

  beforeAll(async () => {
    silent = createServer((socket) => connected.push(socket.on("error", () => {})));
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    const at = silent.address();
    address = `http://127.0.0.1:${typeof at === "object" ? at?.port : 0}/x.git`;
  });
  afterAll(() => {
    for (const socket of connected) socket.destroy();
    silent.close();
  });

  it("ends at its deadline, says so, and leaves no helper of git behind", async () => {
    const asked = runGit(["ls-remote", "--", address], {
      cwd: tmpdir(),
      timeoutMs: 1_000,
      env: { GIT_ALLOW_PROTOCOL: "http" },
    });
    const outcome = asked.catch((cause: unknown) => cause);
    if (process.platform === "linux") await expect.poll(() => processesThatName(address)).not.toEqual([]);
    expect(await outcome).toMatchObject({ message: "git ls-remote: no end within 1 s", exitCode: undefined });
    expect(await outcome).toBeInstanceOf(GitError);
    await expect.poll(() => processesThatName(address), { timeout: 10_000 }).toEqual([]);
  });

  it("allows no protocol that is not named", async () => {
    await expect(runGit(["ls-remote", "--", address], { cwd: tmpdir() })).rejects.toThrow(
      "git ls-remote: fatal: transport 'http' not allowed",
    );
  });

  it("says that it could not be started, without an exit code", async () => {
    const started = runGit(["version"], { cwd: join(tmpdir(), "mobius-no-such-folder") });
    await expect(started).rejects.toMatchObject({ exitCode: undefined, message: /^git version: spawn git ENOENT/ });
  });

  it("gives nothing of our environment to git, and nothing of a person's configuration", async () => {
    await using here = await makeRepositories();
    await here.make("chat");
    process.env.GIT_DIR = "/nonexistent";
    try {
      const listed = await runGit(["config", "--list", "--show-scope"], { cwd: join(here.folder, "chat") });
      expect(listed.split("\n").filter((line) => /^(global|system)/.test(line))).toEqual([]);
    } finally {
      delete process.env.GIT_DIR;
    }
  });

  it.each([
    [
      "what git says first, where advice follows",
      "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
      "fatal: '/x' does not appear to be a git repository",
    ],
    [
      "why a ref was refused",
      "remote: no pushes on Friday\nTo /x\n ! [remote rejected] main -> main (hook declined)\nerror: failed to push some refs to '/x'\n",
      "! [remote rejected] main -> main (hook declined)",
    ],
    ["SSH's own words", "ssh: no such host\nfatal: Could not read from remote repository.\n", "ssh: no such host"],
    ["no warning", "Warning: Permanently added 'x' to the list of known hosts.\nfatal: no\n", "fatal: no"],
    ["the exit code, where git says nothing", "", "exit 128"],
  ])("tells %s", (_what, stderr, telling) => {
    expect(new GitError(["--git-dir", "/x", "fetch", "--quiet"], 128, stderr).message).toBe(`git fetch: ${telling}`);
  });
});

async function processesThatName(text: string): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(text));
}
