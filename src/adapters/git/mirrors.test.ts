import { mkdir, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeRepositories, type Repositories } from "../../../test/support/repositories.ts";
import type { CommitId } from "../../core/values/ids.ts";
import { createSource } from "./source.ts";

const URL = "../chat.git";

describe("Mirrors", () => {
  let here: Repositories;
  let first: CommitId;
  const open = () => createSource({ mirrorsDirectory: join(here.folder, "mirrors"), umbrellaDirectory: here.umbrella });
  const mirror = async () => join("mirrors", (await readdir(join(here.folder, "mirrors")))[0] ?? "");

  beforeEach(async () => {
    here = await makeRepositories();
    await here.make("chat");
    first = await here.commit("chat", { "a.js": "a\n" }, "First");
    await here.push("chat");
  });
  afterEach(() => here[Symbol.asyncDispose]());

  it("takes a path, a path from the umbrella and a file URL for the same repository", async () => {
    const source = open();
    for (const url of [URL, join(here.folder, "chat.git"), `file://${here.folder}/chat.git`]) {
      expect(source.absoluteUrl(url)).toBe(join(here.folder, "chat.git"));
      expect(await source.resolve(url, "main")).toEqual({ ok: true, value: first });
    }
    expect(await readdir(join(here.folder, "mirrors"))).toHaveLength(1);
  });

  it.each([
    ["file:///etc", "a local repository must stand beneath"],
    ["file://elsewhere/chat.git", "there is no such folder"],
    ["http://git.example.com/x.git", "http is no way to a repository: https, ssh or a folder is"],
    ["git://git.example.com/x.git", "git is no way to a repository: https, ssh or a folder is"],
  ])("refuses %s", async (url, reason) => {
    expect(await open().refresh(url)).toMatchObject({
      ok: false,
      error: { kind: "unreachable", url, reason: expect.stringContaining(reason) },
    });
  });

  it("follows no link that leads out of the umbrella's surroundings", async () => {
    await here.git(".", "init", "--quiet", "inner/umbrella");
    const { symlink } = await import("node:fs/promises");
    await symlink(join(here.folder, "chat.git"), join(here.folder, "inner/chat.git"));
    const source = createSource({
      mirrorsDirectory: join(here.folder, "mirrors"),
      umbrellaDirectory: join(here.folder, "inner/umbrella"),
    });
    expect(await source.refresh("../chat.git")).toMatchObject({ ok: false, error: { kind: "unreachable" } });
  });

  it("says what git says of a remote that is broken, and works again when the remote does", async () => {
    const source = open();
    await source.refresh(URL);
    await rename(join(here.folder, "chat.git"), join(here.folder, "away.git"));
    await mkdir(join(here.folder, "chat.git"));
    expect(await source.refresh(URL)).toEqual({
      ok: false,
      error: {
        kind: "unreachable",
        url: URL,
        reason: `git ls-remote: fatal: '${join(here.folder, "chat.git")}' does not appear to be a git repository`,
      },
    });
    expect(await source.resolve(URL, "main")).toEqual({ ok: true, value: first }); // what was fetched is still known
    await rm(join(here.folder, "chat.git"), { recursive: true });
    await rename(join(here.folder, "away.git"), join(here.folder, "chat.git"));
    expect(await source.refresh(URL)).toMatchObject({ ok: true });
  });

  it("fetches nothing where the remote has nothing new", async () => {
    const source = open();
    await source.refresh(URL);
    // An object that is needed for a fetch only: were there one, it would fail.
    await rm(join(here.folder, "chat.git", "objects", first.slice(0, 2), first.slice(2)));
    expect(await source.refresh(URL)).toMatchObject({ ok: true });
  });

  it("is made whole by several processes at once, and brought up to date by them", async () => {
    // Each has its own queue, as the server and a command have.
    const made = await Promise.all([open(), open(), open(), open()].map((source) => source.resolve(URL, "main")));
    expect(made).toEqual(made.map(() => ({ ok: true, value: first })));
    const names = ["one", "two", "three"];
    const later = await here.commit("chat", { "b.js": "b\n" });
    await here.push("chat", "main", ...names.map((name) => `main:refs/heads/${name}`));
    const sources = [open(), open(), open(), open()];
    expect(await Promise.all(sources.map((source) => source.refresh(URL)))).toEqual(
      sources.map(() => ({ ok: true, value: undefined })),
    );
    for (const name of names) expect(await open().resolve(URL, name)).toEqual({ ok: true, value: later });
    expect(await readdir(join(here.folder, "mirrors"))).toHaveLength(1);
  });

  it.each(["objects", "refs", "HEAD"])("is made anew where %s is missing", async (part) => {
    await open().refresh(URL);
    await rm(join(here.folder, await mirror(), part), { recursive: true });
    expect(await open().resolve(URL, "main")).toEqual({ ok: true, value: first });
  });

  it("is made anew where somebody removed it while the server runs", async () => {
    const source = open();
    await source.refresh(URL);
    await rm(join(here.folder, "mirrors"), { recursive: true });
    expect(await source.resolve(URL, "main")).toEqual({ ok: true, value: first });
    await rm(join(here.folder, "mirrors"), { recursive: true });
    expect(await source.readFile(URL, first, "a.js")).toBe("a\n");
  });

  it("waits for nobody whose git was killed while it held a lock", async () => {
    await open().refresh(URL);
    const old = new Date(Date.now() - 60_000);
    for (const name of ["refs/heads/main.lock", "HEAD.lock", "packed-refs.lock"]) {
      const path = join(here.folder, await mirror(), name);
      await writeFile(path, "");
      await utimes(path, old, old);
    }
    const later = await here.commit("chat", { "b.js": "b\n" });
    await here.push("chat", "main", "main:refs/heads/trunk");
    await here.git("chat.git", "symbolic-ref", "HEAD", "refs/heads/trunk");
    expect(await open().refresh(URL)).toMatchObject({ ok: true });
    for (const ref of ["main", "HEAD"]) expect(await open().resolve(URL, ref)).toEqual({ ok: true, value: later });
  });

  it("does not take a mirror that cannot be read for a commit that is not there", async () => {
    const source = open();
    await source.refresh(URL);
    const folder = join(here.folder, await mirror());
    await writeFile(join(folder, "config"), "[core]\n\trepositoryformatversion = 99\n");
    expect(await source.resolve(URL, "deadbeef")).toMatchObject({ ok: false, error: { kind: "unreachable" } });
  });
});
