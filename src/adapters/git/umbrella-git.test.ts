import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeRepositories } from "../../../test/support/repositories.ts";
import { checkoutInto } from "./step-checkout.ts";
import { createUmbrellaGit } from "./umbrella-git.ts";

describe("createUmbrellaGit", () => {
  it("tells a file that is pushed from one that is only committed, changed, or unknown", async () => {
    await using here = await makeRepositories();
    await here.make("umbrella");
    const git = createUmbrellaGit(here.umbrella);
    expect(await git.commitOf("m.yaml")).toEqual({ kind: "no-repository" });
    const pushed = await here.commit("umbrella", { "m.yaml": "a\n" });
    expect(await git.commitOf("m.yaml")).toEqual({ kind: "not-pushed", commit: pushed });
    await here.push("umbrella");
    expect(await git.commitOf("m.yaml")).toEqual({ kind: "committed", commit: pushed });
    await writeFile(join(here.umbrella, "m.yaml"), "b\n");
    expect(await git.commitOf("m.yaml")).toEqual({ kind: "not-committed" });
    await writeFile(join(here.umbrella, "new.yaml"), "b\n");
    expect(await git.commitOf("new.yaml")).toEqual({ kind: "not-committed" });
  });

  it("asks for no push where there is no remote", async () => {
    await using here = await makeRepositories();
    await here.git("umbrella", "init", "--quiet");
    const commit = await here.commit("umbrella", { "m.yaml": "a\n" });
    expect(await createUmbrellaGit(here.umbrella).commitOf("m.yaml")).toEqual({ kind: "committed", commit });
  });
});

describe("checkoutInto", () => {
  it("puts exactly the commit there, over what an earlier try left", async () => {
    await using here = await makeRepositories();
    await here.make("chat");
    const first = await here.commit("chat", { "a.txt": "one\n", "gone.txt": "x\n" });
    await here.git("chat", "rm", "--quiet", "gone.txt");
    const second = await here.commit("chat", { "a.txt": "two\n" });
    await here.push("chat");
    const into = join(here.folder, "workspace");
    const url = join(here.folder, "chat.git");
    await checkoutInto({ url, commit: first, into });
    await writeFile(join(into, "stray.txt"), "x");
    await checkoutInto({ url, commit: second, into });
    expect(await here.git("workspace", "status", "--porcelain", "--ignored")).toBe("");
    expect(await here.git("workspace", "rev-parse", "HEAD")).toBe(second);
    expect(await here.git("workspace", "ls-files")).toBe("a.txt");
  });

  it("fails where the remote does not have the commit", async () => {
    await using here = await makeRepositories();
    await here.make("chat");
    await here.commit("chat", { "a.txt": "one\n" });
    await here.push("chat");
    const missing = await here.commit("chat", { "a.txt": "two\n" });
    const into = join(here.folder, "workspace");
    await expect(checkoutInto({ url: join(here.folder, "chat.git"), commit: missing, into })).rejects.toThrow(
      /git fetch/,
    );
  });
});
