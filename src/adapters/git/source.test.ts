import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRepositories, type Repositories } from "../../../test/support/repositories.ts";
import type { CommitId } from "../../core/values/ids.ts";
import { createSource } from "./source.ts";

const URL = "../chat.git";
const runShell = (script: string, cwd: string) => promisify(execFile)("sh", ["-ec", script], { cwd });

describe("createSource", () => {
  let here: Repositories;
  let first: CommitId;
  let tagged: CommitId;
  let source: ReturnType<typeof createSource>;

  beforeAll(async () => {
    here = await makeRepositories();
    await here.make("chat");
    first = await here.commit("chat", { "README.md": "one\n", "app/a.js": "a\n" }, "First");
    tagged = await here.commit("chat", { "app/b.js": "b\n" }, "Second");
    await here.git("chat", "tag", "-a", "v1.2.0", "-m", "release");
    await here.push("chat", "main", "v1.2.0", "main:refs/heads/feature/x");
    source = createSource({ mirrorsDirectory: join(here.folder, "mirrors"), umbrellaDirectory: here.umbrella });
    expect(await source.refresh(URL)).toEqual({ ok: true, value: undefined });
  });
  afterAll(() => here[Symbol.asyncDispose]());

  it.each([
    ["a branch", () => "main"],
    ["a branch with a slash", () => "feature/x"],
    ["an annotated tag, as the commit that it names", () => "v1.2.0"],
    ["a full commit id", () => tagged],
    ["a short commit id", () => tagged.slice(0, 10)],
    ["the remote's default branch", () => "HEAD"],
  ])("resolves %s", async (_what, ref) => {
    expect(await source.resolve(URL, ref())).toEqual({ ok: true, value: tagged });
  });

  it.each([
    "no-such-branch",
    "0000000000000000000000000000000000000000",
    "--upload-pack=touch /tmp/x",
    "main..dev",
    "@{u}",
    ":/x",
    "main^",
    "refs/heads/main",
    "v1.2.0^{tree}",
    "main\n",
    "main:README.md",
    "-main",
    "",
  ])("does not find %s", async (ref) => {
    expect(await source.resolve(URL, ref)).toEqual({ ok: false, error: { kind: "not-found", url: URL, ref } });
  });

  it("does not know a commit that is not pushed, and does once it is, at the very next refresh", async () => {
    const local = await here.commit("chat", { "c.js": "c\n" });
    await source.refresh(URL);
    expect(await source.resolve(URL, local)).toMatchObject({ ok: false, error: { kind: "not-found" } });
    await here.push("chat", "main:refs/heads/later");
    await source.refresh(URL);
    expect(await source.resolve(URL, local)).toEqual({ ok: true, value: local });
  });

  it("forgets a commit whose branch was removed", async () => {
    const gone = await here.commit("chat", { "d.js": "d\n" });
    await here.push("chat", "HEAD:refs/heads/gone");
    await source.refresh(URL);
    expect(await source.resolve(URL, gone)).toMatchObject({ ok: true });
    await here.push("chat", ":refs/heads/gone");
    await source.refresh(URL);
    expect(await source.resolve(URL, gone)).toMatchObject({ ok: false });
  });

  it("shares refreshes that have not begun, and takes up what was pushed before each", async () => {
    const pushed = await here.commit("chat", { "e.js": "e\n" });
    const early = source.refresh(URL);
    await here.push("chat", "HEAD:refs/heads/raced");
    const outcomes = await Promise.all([early, source.refresh(URL), source.refresh(URL)]);
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(await source.resolve(URL, pushed)).toMatchObject({ ok: true });
  });

  it("reads files, trees and logs at a commit", async () => {
    expect(await source.readFile(URL, tagged, "README.md")).toBe("one\n");
    expect(await source.readFile(URL, first, "app/b.js")).toBeUndefined();
    expect((await source.list(URL, tagged, ".")).map((entry) => `${entry.mode} ${entry.kind} ${entry.path}`)).toEqual([
      "100644 file README.md",
      "100644 file app/a.js",
      "100644 file app/b.js",
    ]);
    expect((await source.list(URL, tagged, "app")).map((entry) => entry.path)).toEqual(["app/a.js", "app/b.js"]);
    expect(await source.log(URL, { from: first, to: tagged, limit: 10 })).toMatchObject([
      { id: tagged, author: "Ada", subject: "Second" },
    ]);
    expect(await source.log(URL, { to: tagged, limit: 1 })).toHaveLength(1);
  });

  it("checks a commit out clean, over what was there", async () => {
    const into = join(here.folder, "checkout");
    await mkdir(into);
    await writeFile(join(into, "stray"), "x");
    expect(await source.checkout(URL, first, into)).toEqual({ ok: true, value: undefined });
    expect((await readdir(into)).sort()).toEqual(["README.md", "app"]);
    expect(await readFile(join(into, "app/a.js"), "utf8")).toBe("a\n");
  });

  it("says that a commit is not there, instead of checking out something else", async () => {
    const into = join(here.folder, "none");
    const ref = "0".repeat(40) as CommitId;
    expect(await source.checkout(URL, ref, into)).toEqual({ ok: false, error: { kind: "not-found", url: URL, ref } });
    expect(await readdir(here.folder)).not.toContain("none.index");
  });

  it("shows submodules as such, and leaves them out of a checkout", async () => {
    await here.make("whole");
    await here.git("whole", "submodule", "--quiet", "add", "../chat.git", "modules/chat");
    const commit = await here.commit("whole", { "own.txt": "x\n" });
    await here.push("whole");
    const pinned = await here.git("whole/modules/chat", "rev-parse", "HEAD");
    expect(await source.list("../whole.git", commit, "modules")).toEqual([
      { path: "modules/chat", mode: "160000", kind: "submodule", object: pinned },
    ]);
    const into = join(here.folder, "whole-checkout");
    expect(await source.checkout("../whole.git", commit, into)).toMatchObject({ ok: true });
    expect(await readFile(join(into, "own.txt"), "utf8")).toBe("x\n");
    expect(await readdir(join(into, "modules/chat"))).toEqual([]);
  });

  it("takes paths as they are written, and gives equal content equal ids", async () => {
    await here.make("odd");
    const files = { "a*/x.txt": "same\n", "ab/x.txt": "same\n", "with space/ü.txt": "u\n", "-rf": "dash\n" };
    const commit = await here.commit("odd", { ...files });
    await here.push("odd");
    const [starred, ...others] = await source.list("../odd.git", commit, "a*");
    expect(others).toEqual([]);
    const [plain] = await source.list("../odd.git", commit, "ab");
    expect([starred?.path, starred?.object]).toEqual(["a*/x.txt", plain?.object]);
    expect((await source.list("../odd.git", commit, "with space")).map(({ path }) => path)).toEqual([
      "with space/ü.txt",
    ]);
    expect(await source.readFile("../odd.git", commit, "-rf")).toBe("dash\n");
    expect(await source.readFile("../odd.git", commit, "../odd.git/config")).toBeUndefined();
    expect(await source.readFile("../odd.git", commit, "ab")).toBeUndefined();
  });

  it("takes a short id that several commits share for none of them", async () => {
    await here.make("many");
    // Of 1,000 commits some share their first four digits (probability of none: e^-7.6).
    const stream = Array.from(
      { length: 1_000 },
      (_, at) => `commit refs/heads/main\ncommitter A <a@b> ${at + 1} +0000\ndata 0\n\n`,
    );
    await writeFile(join(here.folder, "many-stream"), `${stream.join("")}done\n`);
    await runShell("git fast-import --quiet --done < ../many-stream", join(here.folder, "many.git"));
    const ids = (await here.git("many.git", "rev-list", "main")).split("\n");
    const short = ids.map((id) => id.slice(0, 4));
    const ref = short.find((each, at) => short.indexOf(each) !== at) ?? "";
    expect(await source.resolve("../many.git", ref)).toEqual({
      ok: false,
      error: { kind: "ambiguous", url: "../many.git", ref },
    });
  });

  it("runs no hook and no filter of a repository or of the machine", async () => {
    await here.make("trap");
    const commit = await here.commit("trap", { ".gitattributes": "* filter=evil\n", "x.txt": "x\n" });
    await here.push("trap");
    const into = join(here.folder, "trap-checkout");
    expect(await source.checkout("../trap.git", commit, into)).toMatchObject({ ok: true });
    expect(await readFile(join(into, "x.txt"), "utf8")).toBe("x\n");
  });

  it.each([
    ["../nowhere.git", "there is no such folder"],
    ["/etc", "a local repository must stand beneath"],
    ["--upload-pack=x", "this is no repository's address"],
    ["ext::sh -c touch% /tmp/x", "this is no repository's address"],
    ["https://ada:secret@git.example.com/x.git", "an address must not hold credentials"],
  ])("cannot reach %s, and says why", async (url, reason) => {
    expect(await source.refresh(url)).toMatchObject({
      ok: false,
      error: { kind: "unreachable", url, reason: expect.stringContaining(reason) },
    });
  });

  it("fills a mirror whose making was cut off", async () => {
    const mirrorsDirectory = join(here.folder, "cut");
    const cut = createSource({ mirrorsDirectory, umbrellaDirectory: here.umbrella });
    await cut.refresh(URL);
    const [mirror = ""] = await readdir(mirrorsDirectory);
    const refs = await here.git(`cut/${mirror}`, "for-each-ref", "--format=%(refname)");
    for (const ref of refs.split("\n")) await here.git(`cut/${mirror}`, "update-ref", "-d", ref);
    const again = createSource({ mirrorsDirectory, umbrellaDirectory: here.umbrella });
    expect(await again.resolve(URL, "v1.2.0")).toEqual({ ok: true, value: tagged });
  });

  it("follows the remote when its default branch gets another name", async () => {
    await here.make("renamed");
    const commit = await here.commit("renamed", { x: "x\n" });
    await here.push("renamed", "main:refs/heads/trunk");
    await here.git("renamed.git", "symbolic-ref", "HEAD", "refs/heads/trunk");
    await source.refresh("../renamed.git");
    expect(await source.resolve("../renamed.git", "HEAD")).toEqual({ ok: true, value: commit });
  });
});
