import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { renderProblem } from "../../core/values/problem.ts";
import { listSourceFiles } from "./list-source-files.ts";

let root = "";
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), "mobius-list-")), "checkout");
  for (const path of [
    "server.js",
    "lib/a.js",
    "lib/a.ts",
    "lib/deep/b.js",
    "lib/.git/x",
    ".git/config",
    ".env",
    "docs/a.md",
  ]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), path);
  }
});
afterEach(async () => {
  await rm(dirname(root), { recursive: true });
});

async function listed(...include: string[]): Promise<readonly string[]> {
  const outcome = await listSourceFiles({ root, include });
  return outcome.ok ? outcome.value : outcome.error.map((problem) => `${problem.code} ${problem.summary}`);
}

it("takes files, folders and patterns, each file once and sorted", async () => {
  expect(await listed("server.js", "lib/*.js", "lib")).toEqual(["lib/a.js", "lib/a.ts", "lib/deep/b.js", "server.js"]);
  expect(await listed("**/*.js")).toEqual(["lib/a.js", "lib/deep/b.js", "server.js"]);
  expect(await listed("./lib/deep/")).toEqual(["lib/deep/b.js"]);
});

it("takes everything but git's own folders", async () => {
  expect(await listed(".")).toEqual([".env", "docs/a.md", "lib/a.js", "lib/a.ts", "lib/deep/b.js", "server.js"]);
});

it("reports every pattern that finds nothing, also those that could only be outside", async () => {
  await writeFile(join(root, "../outside.js"), "");
  const include = [
    "server.js",
    "none.js",
    "none/*",
    "../outside.js",
    join(root, "server.js"),
    ".git/config",
    "server.js/x",
  ];
  const problems = await listed(...include);
  expect(problems).toHaveLength(6);
  expect(problems.every((problem) => problem.startsWith("image-include-missing"))).toBe(true);
});

it("says what to do about a pattern that finds nothing", async () => {
  const outcome = await listSourceFiles({ root, include: ["none.js"] });
  expect(outcome.ok ? "" : renderProblem(outcome.error[0])).toBe(
    [
      'error[image-include-missing]: No file of the checkout is what the image includes as "none.js".',
      "  why:   An image without a file that it names would fail when it starts, not when it is built.",
      "  fix:   Correct the image's build.source.include in mobius.yaml, or name a commit that has the file.",
      "  more:  docs/errors.md#image-include-missing",
    ].join("\n"),
  );
});

it("keeps links inside, enters no folder through one, and refuses those that lead out", async () => {
  await symlink("lib/a.js", join(root, "inside.js"));
  await symlink("lib", join(root, "folder"));
  expect(await listed("inside.js", "folder")).toEqual(["folder", "inside.js"]);
  expect(await listed("folder/a.js")).toEqual([expect.stringContaining("image-include-missing")]);
  await symlink("../../secret", join(root, "lib/out.js"));
  const outcome = await listSourceFiles({ root, include: ["lib"] });
  expect(outcome.ok ? "" : renderProblem(outcome.error[0])).toBe(
    [
      'error[image-link-outside]: "lib/out.js" goes into the image, and is a symbolic link that leads out of its folder.',
      "  why:   In the image it would lead to nothing, or to a file of the machine that runs it.",
      '  fix:   Replace the link by the file itself, or take "lib/out.js" out of the image\'s build.source.include.',
      "  more:  docs/errors.md#image-link-outside",
    ].join("\n"),
  );
});
