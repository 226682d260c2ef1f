import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePlatform } from "../platform/parse-platform.ts";
import { starterFiles } from "./starter-files.ts";
import type { UmbrellaFolder } from "./umbrella-folders.ts";
import { moduleFor, parseGitmodules } from "./umbrella-modules.ts";

const segment = fc.constantFrom("rag", "Mobius-user", "a b", "1st", "x.y", "skills", "_in");
const folder: fc.Arbitrary<UmbrellaFolder> = fc.record({
  path: fc.oneof(
    fc.constant("."),
    fc.array(segment, { minLength: 1, maxLength: 2 }).map((parts) => parts.join("/")),
  ),
  entries: fc.subarray(["Dockerfile", "Dockerfile.worker", "package.json", "cloudbuild.yaml", ".git", "README.md"]),
  packageJson: fc.constantFrom('{"scripts":{"start":"node server.js"}}', "{}", "no json"),
  cloudBuild: fc.constantFrom(
    "steps: [{ name: d, args: [build, -t, 'gcr.io/p/3x:v1', ./backend/] }]",
    "images: ['gcr.io/$PROJECT_ID/rag']\n",
    "steps: [",
  ),
  scripts: fc.constant([]),
});

describe("starterFiles", () => {
  it("makes a valid platform file of any umbrella", () => {
    const umbrella = fc.uniqueArray(
      fc.record({ name: fc.constant("rag"), path: segment, url: fc.constant("../x.git") }),
      {
        selector: ({ path }) => path,
        maxLength: 3,
      },
    );
    const folders = fc.uniqueArray(folder, { selector: ({ path }) => path, maxLength: 6 });
    const manifests = fc.subarray([
      "release_id: a-prod\ncommits:\n  rag: x\n  qa: y\nimages:\n  a: gcr.io/acme/x:1\n",
      "x",
    ]);
    fc.assert(
      fc.property(umbrella, folders, manifests, fc.string(), (modules, each, texts, name) => {
        const { files } = starterFiles({ name, umbrella: modules, folders: each, manifests: texts, schemas: {} });
        const parsed = parsePlatform(files[0]?.text ?? "", "mobius.yaml");
        expect(parsed.ok ? [] : parsed.problems).toEqual([]);
      }),
    );
  });
});

describe("modules of the umbrella", () => {
  it("are read from .gitmodules, whatever they are called there", () => {
    const text = `# ours
[submodule "chat"]
	path = mobius-chat/
	url = git@example.com:mobius/chat.git
	branch = main
[submodule "gone"]
	path = gone
[submodule "out"]
	path = ../out
	url = https://example.com/out.git
`;
    expect(parseGitmodules(text)).toEqual([
      { name: "mobius-chat", path: "mobius-chat", url: "git@example.com:mobius/chat.git" },
    ]);
  });

  it("are found for a service by the longest name that it begins with", () => {
    const modules = ["mobius-rag", "mobius-rag-x", "mobius-OS"];
    expect(moduleFor(["mobius-rag-x-worker"], modules)).toBe("mobius-rag-x");
    expect(moduleFor(["mobius-os-backend"], modules)).toBe("mobius-OS");
    expect(moduleFor(["chat"], modules)).toBeUndefined();
  });
});
