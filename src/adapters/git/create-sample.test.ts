import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import { parsePlatform } from "../../core/platform/parse-platform.ts";
import type { Platform } from "../../core/platform/platform.ts";
import { matchesGlob } from "../../core/values/glob.ts";
import { renderProblem } from "../../core/values/problem.ts";
import { err, ok } from "../../core/values/result.ts";
import { createSample } from "./create-sample.ts";
import { sampleFolderOccupied } from "./problems.ts";
import { runGit } from "./run-git.ts";

const SAMPLE_ROOT = resolve(import.meta.dirname, "../../../examples/mobius");
const SCHEMAS = resolve(import.meta.dirname, "..", "..", "..", "schemas");
const DATE = "2026-11-26";
const MANIFEST = `release-manifests/${DATE}-staging.yaml`;
const FILE = { GIT_ALLOW_PROTOCOL: "file" };
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "mobius-sample-"));
  folders.push(path);
  return join(path, "mobius-demo");
}

function make(directory: string) {
  const renderBuildConfig = (_: string, manifestFile: string) => `# for ${manifestFile}\n`;
  return createSample({ directory, sampleRoot: SAMPLE_ROOT, schemas: SCHEMAS, date: DATE, renderBuildConfig });
}

async function madeSample(): Promise<string> {
  const directory = await folder();
  await make(directory);
  return directory;
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  return (await runGit(args, { cwd, env: FILE })).trim();
}

async function platformOf(directory: string): Promise<Platform> {
  const parsed = parsePlatform(await readFile(join(directory, "mobius.yaml"), "utf8"), "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems.map(renderProblem).join("\n"));
  expect(parsed.warnings).toEqual([]);
  return parsed.value;
}

async function manifestOf(directory: string, name: string) {
  const file = `release-manifests/${name}.yaml`;
  const text = await readFile(join(directory, file), "utf8");
  return parseManifest({ text, file, platform: await platformOf(directory) });
}

/** Module → full commit that a manifest names. */
async function commitsOf(directory: string, name: string): Promise<Record<string, string>> {
  const manifest = await manifestOf(directory, name);
  if (!manifest.ok) throw new Error(manifest.problems.map(renderProblem).join("\n"));
  const { modules } = await platformOf(directory);
  const entries = Object.entries(manifest.value.commits).map(async ([module, { value }]) => {
    const source = modules[module]?.source;
    if (source?.kind !== "repository") throw new Error(`${module} has no repository`);
    const commit = await git(join(directory, source.url), "rev-parse", "--verify", `${value}^{commit}`);
    return [module, commit] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe("createSample", () => {
  it("makes an umbrella whose modules are submodules at the released commits", async () => {
    const directory = await folder();
    expect(await make(directory)).toEqual(ok({ created: true, manifest: MANIFEST }));
    expect(await git(directory, "status", "--porcelain")).toBe("");
    const commits = await commitsOf(directory, `${DATE}-staging`);
    const { modules } = await platformOf(directory);
    const gitlinks = (await git(directory, "ls-tree", "-r", "HEAD"))
      .split("\n")
      .filter((line) => line.startsWith("160000"));
    expect(gitlinks).toEqual(
      Object.entries(commits)
        .map(([module, commit]) => `160000 commit ${commit}\t${modules[module]?.path}`)
        .sort((a, b) => ((a.split("\t")[1] ?? "") < (b.split("\t")[1] ?? "") ? -1 : 1)),
    );
    expect(await readdir(join(directory, "Mobius-user"))).toContain("access.js");
    expect(await git(directory, "submodule", "status")).not.toMatch(/^[-+U]/m);
    expect(await readdir(directory)).not.toContain(".mobius-making");
  });

  it("has everything pushed, and remotes that still answer when the folder is moved", async () => {
    const directory = await madeSample();
    const head = await git(directory, "rev-parse", "HEAD");
    expect(await git(join(directory, ".remotes/umbrella.git"), "rev-parse", "main")).toBe(head);
    expect(await git(directory, "rev-parse", "--abbrev-ref", "main@{upstream}")).toBe("origin/main");
    const urls = await git(directory, "config", "--get-regexp", "url$");
    expect(urls).not.toContain(directory);
    await git(join(directory, "docs"), "fetch", "origin");
    await git(join(directory, "mobius-rag"), "fetch", "origin");
  });

  it("gives every module a history, the tag and the branches that the manifests speak of", async () => {
    const directory = await madeSample();
    const remotes = (await readdir(join(directory, ".remotes"))).sort();
    const lengths = remotes.map((name) => git(join(directory, ".remotes", name), "rev-list", "--count", "main"));
    expect((await Promise.all(lengths)).every((count) => Number(count) >= 2)).toBe(true);
    expect(await git(join(directory, ".remotes/Mobius-RAG.git"), "tag", "--list")).toBe("v1.2.0");
    const released = await commitsOf(directory, `${DATE}-staging`);
    const failing = await commitsOf(directory, `${DATE}-failing-staging`);
    const next = await commitsOf(directory, `${DATE}-next-staging`);
    const differing = (other: Record<string, string>) => Object.keys(released).filter((m) => released[m] !== other[m]);
    expect(differing(failing)).toEqual(["mobius-chat"]);
    expect(differing(next)).toEqual(["mobius-skills"]);
    const skills = join(directory, ".remotes/mobius-web-scrapper.git");
    await git(skills, "merge-base", "--is-ancestor", released["mobius-skills"] ?? "", next["mobius-skills"] ?? "");
    const chat = join(directory, ".remotes/mobius-chat.git");
    expect(await git(chat, "rev-parse", "feature/queue-settings")).toBe(failing["mobius-chat"]);
  });

  it("has templates in which nothing is wrong but that they are to be filled in", async () => {
    const directory = await madeSample();
    for (const environment of ["dev", "staging", "prod"]) {
      const template = await manifestOf(directory, `${environment}-release-template`);
      const codes = template.ok ? [] : template.problems.map((problem) => problem.code);
      expect(new Set(codes)).toEqual(new Set(["placeholder-left"]));
    }
  });

  it("includes only files that the pinned commits have, and migrations too", async () => {
    const directory = await madeSample();
    const platform = await platformOf(directory);
    const manifest = await manifestOf(directory, `${DATE}-staging`);
    if (!manifest.ok) throw new Error("the manifest is valid");
    const commits = await commitsOf(directory, `${DATE}-staging`);
    const filesOf = async (module: string) => {
      const source = platform.modules[module]?.source;
      return source?.kind === "repository"
        ? (await git(join(directory, source.url), "ls-tree", "-r", "--name-only", commits[module] ?? "")).split("\n")
        : (await git(directory, "ls-tree", "-r", "--name-only", "HEAD")).split("\n");
    };
    for (const image of Object.values(platform.images)) {
      if (image.kind !== "built" || image.build.kind !== "source") continue;
      const files = await filesOf(image.module);
      const missing = image.build.include.filter((pattern) => !files.some((file) => matchesGlob(pattern, file)));
      expect([image.name, missing]).toEqual([
        image.name,
        image.name === "mobius-dbt-ui" ? ["generated/models.json"] : [],
      ]);
    }
    for (const [module, migrations] of Object.entries(manifest.value.migrations)) {
      const files = await filesOf(module);
      expect(migrations.map(({ name }) => name).filter((name) => !files.includes(name))).toEqual([]);
    }
    const script = await git(
      join(directory, ".remotes/mobius-dbt.git"),
      "ls-tree",
      "main",
      "scripts/build_and_deploy_staging.sh",
    );
    expect(script).toMatch(/^100755 /);
  });

  it("gives the same commits in every folder, and different ones on another date only to the umbrella", async () => {
    const [first, second, later] = [await madeSample(), await madeSample(), await folder()];
    await createSample({ directory: later, sampleRoot: SAMPLE_ROOT, schemas: SCHEMAS, date: "2026-12-01" });
    const heads = async (directory: string) => {
      const names = (await readdir(join(directory, ".remotes"))).sort();
      const refs = names.map((name) =>
        git(join(directory, ".remotes", name), "for-each-ref", "--format=%(objectname) %(refname)"),
      );
      return Object.fromEntries((await Promise.all(refs)).map((text, index) => [names[index], text]));
    };
    const [a, b, c] = [await heads(first), await heads(second), await heads(later)];
    expect(a).toEqual(b);
    expect({ ...c, "umbrella.git": "" }).toEqual({ ...a, "umbrella.git": "" });
    expect(c["umbrella.git"]).not.toBe(a["umbrella.git"]);
  });

  it("uses a sample again as it stands, and finds the newest manifest to release", async () => {
    const directory = await madeSample();
    const head = await git(directory, "rev-parse", "HEAD");
    await writeFile(join(directory, "README.md"), "mine\n");
    await writeFile(join(directory, "release-manifests/2026-12-03-staging.yaml"), "release_id: 2026-12-03-staging\n");
    expect(await make(directory)).toEqual(
      ok({ created: false, manifest: "release-manifests/2026-12-03-staging.yaml" }),
    );
    expect(await git(directory, "rev-parse", "HEAD")).toBe(head);
    expect(await readFile(join(directory, "README.md"), "utf8")).toBe("mine\n");
  });

  it("finishes in a folder where an earlier making was cut off", async () => {
    const directory = await folder();
    await mkdir(join(directory, ".mobius-making/.remotes"), { recursive: true });
    expect(await make(directory)).toMatchObject({ ok: true, value: { created: true } });
    expect(await git(directory, "status", "--porcelain")).toBe("");
  });

  it("leaves a folder alone that holds something else", async () => {
    const directory = await folder();
    await mkdir(directory);
    await writeFile(join(directory, "thesis.tex"), "years of work");
    expect(await make(directory)).toEqual(err(sampleFolderOccupied(directory, "thesis.tex")));
    expect(await readdir(directory)).toEqual(["thesis.tex"]);
  });

  it("says the problem whole", () => {
    expect(renderProblem(sampleFolderOccupied("/home/ada/work", "thesis.tex"))).toMatchInlineSnapshot(`
      "error[sample-folder-occupied]: The sample platform cannot be made in /home/ada/work.
        why:   The folder is not empty (it holds "thesis.tex"), and what it holds is no sample made earlier.
        fix:   Name another folder with --dir, or empty this one.
        more:  docs/errors.md#sample-folder-occupied"
    `);
  });

  it("keeps the client that mobius-dbt vendors equal to the one of mobius-contracts", async () => {
    for (const file of ["postgres.js", "scram.js", "wire.js"]) {
      const original = await readFile(join(SAMPLE_ROOT, "modules/mobius-contracts", file), "utf8");
      expect(await readFile(join(SAMPLE_ROOT, "modules/mobius-dbt/vendor", file), "utf8")).toBe(original);
    }
  });

  it("has scripts that the shell can read", async () => {
    const directory = await madeSample();
    const run = promisify(execFile);
    for (const script of ["verify_production.sh", "mobius-dbt/scripts/build_and_deploy_staging.sh"]) {
      await run("bash", ["-n", join(directory, script)]);
    }
  });
});
