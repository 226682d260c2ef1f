import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeRepositories, type Repositories } from "../../../test/support/repositories.ts";
import { systemClock } from "../system/system-clock.ts";
import { createWriteBack } from "./write-back.ts";

async function umbrella(here: Repositories) {
  await here.make("umbrella");
  await here.commit("umbrella", { "release-manifests/m.yaml": "commits:\n  a: main\n" }, "Start");
  await here.push("umbrella");
  return createWriteBack({
    umbrellaUrl: join(here.folder, "umbrella.git"),
    umbrellaDirectory: here.umbrella,
    workDirectory: join(here.folder, "work"),
    author: { name: "Mobius Release", email: "mobius@localhost" },
    clock: systemClock,
  });
}

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

  it("writes on top of what others pushed meanwhile, and loses nothing of it", async () => {
    await using here = await makeRepositories();
    const writeBack = await umbrella(here);
    await here.git(".", "clone", "--quiet", "./umbrella.git", "other");
    const contended = { ...request("REL-1") };
    let pushes = 0;
    const files = contended.files.map((file) => ({
      path: file.path,
      change(text: string | undefined) {
        pushes += 1;
        return file.change(text);
      },
    }));
    await here.commit("other", { "docs/log.md": "by hand\n" }, "By hand");
    await here.push("other", "HEAD:main");
    expect(await writeBack.commit({ ...contended, files })).toMatchObject({ ok: true });
    expect(pushes).toBeGreaterThan(0);
    expect(await here.git("umbrella.git", "show", "main:docs/log.md")).toBe("by hand\nREL-1");
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
