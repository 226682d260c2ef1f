import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parsePlatform } from "../../src/core/platform/parse-platform.ts";

const MOBIUS = resolve(import.meta.dirname, "../../bin/mobius");

/** An umbrella as people have it: submodules, folders of their own, a build file, a manifest. */
const UMBRELLA: Readonly<Record<string, string>> = {
  ".gitmodules": `[submodule "rag"]
\tpath = mobius-rag
\turl = https://git.example.com/mobius/Mobius-RAG.git
[submodule "libs/auth"]
\turl = "https://git.example.com/mobius/mobius-auth.git"
\tpath = "mobius-auth"
`,
  "mobius-rag/Dockerfile": "FROM python\n",
  "mobius-rag/scripts/deploy_staging.sh": "exit 1\n",
  "mobius-os/cloudbuild.yaml": `steps:
  - name: gcr.io/cloud-builders/docker
    args: [build, -t, 'gcr.io/$PROJECT_ID/mobius-os-backend:$SHORT_SHA', -f, backend/Dockerfile, ./backend]
`,
  "module-hub/package.json": '{"scripts":{"start":"node server.js"}}',
  "docs/README.md": "",
  "release-manifests/2026-02-01-staging.yaml":
    'release_id: 2026-02-01-staging\ncommits:\n  mobius-rag: "<sha>"\n  mobius-qa: main\nimages:\n  rag: gcr.io/acme-stg/rag:v1\n',
};

describe("mobius init", () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "mobius-init-")), "acme");
    for (const [path, text] of Object.entries(UMBRELLA)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  });
  afterEach(() => rm(dirname(folder), { recursive: true, force: true }));
  const mobius = (...argv: readonly string[]) => promisify(execFile)(MOBIUS, [...argv], { cwd: folder });

  it("writes a platform file that is valid and says what the umbrella says", { timeout: 60_000 }, async () => {
    const { stdout, stderr } = await mobius("init");
    expect(stdout).toBe(`wrote mobius.yaml
wrote release-manifests/dev-release-template.yaml
wrote release-manifests/staging-release-template.yaml
wrote release-manifests/prod-release-template.yaml
wrote schemas/mobius.schema.json
wrote schemas/release-manifest.schema.json
undo: rm -- mobius.yaml release-manifests/dev-release-template.yaml release-manifests/staging-release-template.yaml release-manifests/prod-release-template.yaml schemas/mobius.schema.json schemas/release-manifest.schema.json
`);
    expect(stderr).toContain("mobius doctor scripts mobius-rag --script scripts/deploy_staging.sh --env staging");
    const text = await readFile(join(folder, "mobius.yaml"), "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/schemas\/mobius\.schema\.json\nplatform: acme\n/);
    const parsed = parsePlatform(text, "mobius.yaml");
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { modules, images, services, environments } = parsed.value;
    expect(Object.values(modules).map(({ name, path, source }) => [name, path, source.kind])).toEqual([
      ["mobius-rag", "mobius-rag", "repository"],
      ["mobius-auth", "mobius-auth", "repository"],
      ["mobius-os", "mobius-os", "umbrella"],
      ["module-hub", "module-hub", "umbrella"],
      ["mobius-qa", "mobius-qa", "umbrella"],
    ]);
    expect(images["mobius-os-backend"]).toMatchObject({
      module: "mobius-os",
      build: { dockerfile: "Dockerfile", context: { kind: "module", path: "backend" } },
    });
    expect(images["module-hub"]).toMatchObject({ build: { kind: "source", command: ["node", "server.js"] } });
    expect(Object.keys(services)).toEqual(["mobius-rag", "mobius-os-backend", "module-hub"]);
    expect(Object.values(environments).map(({ name, project }) => [name, project])).toEqual([
      ["dev", "acme-dev"],
      ["staging", "acme-stg"],
      ["production", "acme-prod"],
    ]);
  });

  it("writes over nothing, and its undo command leaves what was there", { timeout: 60_000 }, async () => {
    await writeFile(join(folder, "mobius.yaml"), "platform: ours\n");
    const first = JSON.parse((await mobius("init", "--json")).stdout) as {
      kept: string[];
      written: string[];
      undo: string;
    };
    expect([first.kept, await readFile(join(folder, "mobius.yaml"), "utf8")]).toEqual([
      ["mobius.yaml"],
      "platform: ours\n",
    ]);
    expect(JSON.parse((await mobius("init", "--json")).stdout)).toMatchObject({ written: [] });
    await promisify(execFile)("sh", ["-c", first.undo], { cwd: folder });
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const left = files
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
    expect(left.sort()).toEqual([...Object.keys(UMBRELLA), "mobius.yaml"].sort());
  });
});
