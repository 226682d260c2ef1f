import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeRepositories, type Repositories } from "../../../test/support/repositories.ts";
import { describeWriteBack } from "../../ports/write-back.contract.ts";
import { systemClock } from "../system/system-clock.ts";
import { createWriteBack } from "./write-back.ts";

async function umbrella(here: Repositories) {
  await here.make("umbrella");
  await here.commit("umbrella", { "release-manifests/m.yaml": "commits:\n  a: main\n" }, "Start");
  await here.push("umbrella");
  return writer(here, join(here.folder, "umbrella.git"));
}

function writer(here: Repositories, umbrellaUrl: string) {
  return createWriteBack({
    umbrellaUrl,
    umbrellaDirectory: here.umbrella,
    workDirectory: join(here.folder, "work"),
    author: { name: "Mobius Release", email: "mobius@localhost" },
    clock: systemClock,
  });
}

/** A person's commit, made while git is not ours to wait for. */
function pushByHand(folder: string, subject: string): void {
  const script = `git fetch -q origin && git reset -q --hard origin/main && mkdir -p docs && echo '${subject}' >> docs/log.md
    git add . && git -c user.name=Ada -c user.email=ada@example.com commit -q -m '${subject}' && git push -q origin HEAD:main`;
  execFileSync("sh", ["-ec", script], { cwd: folder });
}

async function hook(here: Repositories, name: string, script: string): Promise<void> {
  await writeFile(join(here.folder, "umbrella.git/hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

describeWriteBack("git", async () => {
  const here = await makeRepositories();
  const writeBack = await umbrella(here);
  return {
    writeBack,
    read: (path) => here.git("umbrella.git", "show", `main:${path}`).catch(() => undefined),
    subjects: async () => (await here.git("umbrella.git", "log", "--format=%s", "main")).split("\n"),
    push: async (path, text) => {
      await here.git("umbrella", "pull", "--quiet", "origin", "main");
      await here.commit("umbrella", { [path]: text }, "By hand");
      await here.push("umbrella");
    },
    remove: () => rename(join(here.folder, "umbrella.git"), join(here.folder, "gone.git")),
    [Symbol.asyncDispose]: () => here[Symbol.asyncDispose](),
  };
});

const request = (release: string) => ({
  branch: "main",
  release,
  message: `Record ${release}`,
  files: [
    { path: "release-manifests/m.yaml", change: (text: string | undefined) => (text ?? "").replace("main", "0123") },
    { path: "docs/log.md", change: (text: string | undefined) => `${text ?? ""}${release}\n` },
  ],
});

describe("createWriteBack", () => {
  it("makes one commit with a trailer, and brings a clean working folder along", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    const written = await writeBack.commit(request("REL-1"));
    expect(written).toMatchObject({ ok: true, value: { workingFolder: "followed" } });
    expect(
      await here.git("umbrella.git", "log", "--format=%an|%s|%(trailers:key=Mobius-Release,valueonly)", "-1", "main"),
    ).toBe("Mobius Release|Record REL-1|REL-1");
    expect(await readFile(join(here.umbrella, "docs/log.md"), "utf8")).toBe("REL-1\n");
    expect(await here.git("umbrella", "status", "--porcelain")).toBe("");
  });

  it("finds its own commit again after a crash instead of making a second one", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    const [first, again] = [await writeBack.commit(request("REL-1")), await writeBack.commit(request("REL-1"))];
    expect(first.ok && first.value.commit).toBeDefined();
    expect(again.ok && again.value.commit).toBe(first.ok && first.value.commit);
    expect(await here.git("umbrella.git", "rev-list", "--count", "main")).toBe("2");
  });

  it("begins again on top of what others push while it writes, and loses nothing of it", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    await here.git(".", "clone", "--quiet", "./umbrella.git", "other");
    let asked = 0;
    const change = (text: string | undefined) => {
      asked += 1;
      if (asked <= 2) pushByHand(join(here.folder, "other"), `by hand ${asked}`);
      return `${text ?? ""}REL-1\n`;
    };
    const written = await writeBack.commit({ ...request("REL-1"), files: [{ path: "docs/log.md", change }] });
    expect(written).toMatchObject({ ok: true, value: { workingFolder: "followed" } });
    expect(asked).toBe(3);
    expect(await here.git("umbrella.git", "log", "--format=%s", "main")).toBe(
      "Record REL-1\nby hand 2\nby hand 1\nStart",
    );
    expect(await here.git("umbrella.git", "show", "main:docs/log.md")).toBe("by hand 1\nby hand 2\nREL-1");
  });

  it("gives up where others push first each time, and says what was refused", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    await here.git(".", "clone", "--quiet", "./umbrella.git", "other");
    let asked = 0;
    const change = (text: string | undefined) => {
      asked += 1;
      pushByHand(join(here.folder, "other"), `by hand ${asked}`);
      return `${text ?? ""}REL-1\n`;
    };
    const written = await writeBack.commit({ ...request("REL-1"), files: [{ path: "docs/log.md", change }] });
    expect(written).toMatchObject({
      ok: false,
      error: { kind: "unreachable", reason: expect.stringContaining("rejected") },
    });
    expect(asked).toBe(5);
  });

  it("takes a push as done whose answer was lost", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    // The remote takes the push, and the connection breaks before it says so.
    await hook(here, "post-receive", "kill -9 $PPID");
    const written = await writeBack.commit(request("REL-1"));
    expect(written.ok && written.value.commit).toBe(await here.git("umbrella.git", "rev-parse", "main"));
    expect(await here.git("umbrella.git", "rev-list", "--count", "main")).toBe("2");
  });

  it("says why a remote refuses, and asks it once only", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    await hook(here, "pre-receive", `echo asked >> ${here.folder}/asked; exit 1`);
    expect(await writeBack.commit(request("REL-1"))).toEqual({
      ok: false,
      error: {
        kind: "unreachable",
        url: join(here.folder, "umbrella.git"),
        reason: expect.stringMatching(/^git push: ! \[remote rejected\] .* \(pre-receive hook declined\)$/),
      },
    });
    expect(await readFile(join(here.folder, "asked"), "utf8")).toBe("asked\n");
  });

  it("goes on where a killed server left locks and half an index", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    await writeBack.commit(request("REL-1"));
    const left = ["write-back.index.lock", "write-back.index", "refs/heads/main.lock", "HEAD.lock", "config.lock"];
    for (const name of left) await writeFile(join(here.folder, "work", name), "half");
    expect(await writeBack.commit(request("REL-2"))).toMatchObject({ ok: true });
    expect(await here.git("umbrella.git", "log", "--format=%s", "main")).toBe("Record REL-2\nRecord REL-1\nStart");
  });

  it("keeps a file's mode, and writes through no link", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    await mkdir(join(here.umbrella, "docs"));
    await writeFile(join(here.umbrella, "docs/log.md"), "");
    await chmod(join(here.umbrella, "docs/log.md"), 0o755);
    await symlink("release-manifests/m.yaml", join(here.umbrella, "link.yaml"));
    await here.git("umbrella", "add", ".");
    await here.commit("umbrella", {});
    await here.push("umbrella");
    await writeBack.commit(request("REL-1"));
    expect(await here.git("umbrella.git", "ls-tree", "main", "docs/log.md")).toMatch(/^100755 /);
    const linked = { ...request("REL-2"), files: [{ path: "link.yaml", change: () => "x" }] };
    expect(await writeBack.commit(linked)).toMatchObject({
      ok: false,
      error: { reason: "git ls-tree: link.yaml is no regular file" },
    });
  });

  it("writes into an umbrella that has no origin, unless somebody works in it", async () => {
    await using here = await makeRepositories();
    await umbrella(here);
    await here.git("umbrella", "remote", "remove", "origin");
    const writeBack = writer(here, here.umbrella);
    const written = await writeBack.commit(request("REL-1"));
    expect(written).toMatchObject({ ok: true, value: { workingFolder: "followed" } });
    expect(await readFile(join(here.umbrella, "docs/log.md"), "utf8")).toBe("REL-1\n");
    expect(await here.git("umbrella", "status", "--porcelain")).toBe("");
    expect(await here.git("umbrella", "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
    await writeFile(join(here.umbrella, "docs/log.md"), "mine\n");
    expect(await writeBack.commit(request("REL-2"))).toMatchObject({
      ok: false,
      error: { reason: expect.stringContaining("unstaged changes") },
    });
    expect(await readFile(join(here.umbrella, "docs/log.md"), "utf8")).toBe("mine\n");
  });

  it("makes no commit where nothing changes", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    const same = {
      ...request("REL-1"),
      files: [{ path: "release-manifests/m.yaml", change: (text: string | undefined) => text ?? "" }],
    };
    expect(await writeBack.commit(same)).toEqual({
      ok: true,
      value: { commit: undefined, workingFolder: "left-alone" },
    });
  });

  it("leaves a working folder alone in which somebody works, or that is on another branch", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    await writeFile(join(here.umbrella, "release-manifests/m.yaml"), "mine\n");
    expect(await writeBack.commit(request("REL-1"))).toMatchObject({
      ok: true,
      value: { workingFolder: "left-alone" },
    });
    expect(await readFile(join(here.umbrella, "release-manifests/m.yaml"), "utf8")).toBe("mine\n");
    await here.git("umbrella", "checkout", "--quiet", "--force", "-b", "mine");
    expect(await writeBack.commit(request("REL-2"))).toMatchObject({
      ok: true,
      value: { workingFolder: "left-alone" },
    });
  });

  it("says why where the remote does not answer or has no such branch", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    expect(await writeBack.commit({ ...request("REL-1"), branch: "nowhere" })).toMatchObject({
      ok: false,
      error: { kind: "unreachable", reason: expect.stringContaining("nowhere") },
    });
  });
});
