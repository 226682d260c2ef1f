import { describe, expect, it } from "vitest";
import { letsFilesThrough, parseGlob } from "./file-filter.ts";
import { builtInsOfEvent, matchEvent, type ScmEvent, userKeysOfEvent } from "./scm-event.ts";
import type { TriggerSettings } from "./trigger.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const push = (to: "branch" | "tag", name: string, changedFiles: readonly string[] = []): ScmEvent => ({
  kind: "push",
  repository: "acme/app",
  commit: COMMIT,
  to,
  name,
  changedFiles,
});
const pull = (base: string, author: "insider" | "outsider" = "insider"): ScmEvent => ({
  kind: "pull-request",
  repository: "acme/app",
  commit: COMMIT,
  number: 7,
  head: "feature",
  base,
  headUrl: "https://github.com/acme/app",
  author,
});

describe("an event of a repository", () => {
  it.each<[TriggerSettings["github"], ScmEvent, string]>([
    [{ push: { branch: "^main$" } }, push("branch", "main"), ""],
    [{ push: { branch: "^main$" } }, push("branch", "main-2"), "branch main-2 does not match ^main$"],
    [{ push: { branch: "ai" } }, push("branch", "main"), ""], // not anchored
    [{ push: { branch: "^main$", invertRegex: true } }, push("branch", "main"), "branch main matches ^main$"],
    [{ push: { branch: "^main$", invertRegex: true } }, push("branch", "other"), ""],
    [{ push: { tag: "^v\\d+" } }, push("tag", "v1/final"), ""],
    [{ push: { tag: "^v\\d+" } }, push("branch", "v1"), "the trigger is for no push of a branch"],
    [
      { push: { branch: "(a+)+$" } },
      push("branch", `${"a".repeat(200)}!`),
      `branch ${"a".repeat(200)}! does not match`,
    ],
    [{ pullRequest: { branch: "main" } }, push("branch", "main"), "the trigger is for no push of a branch"],
    [{ pullRequest: { branch: "main" } }, pull("main"), ""],
    [{ pullRequest: { branch: "^v" } }, pull("main"), "branch main does not match ^v"],
    [{ push: { branch: "main" } }, pull("main"), "the trigger is for no pull request"],
    [{ pullRequest: { branch: ".", commentControl: "COMMENTS_ENABLED" } }, pull("main"), "waits for a comment"],
    [
      { pullRequest: { branch: ".", commentControl: "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY" } },
      pull("main", "outsider"),
      "waits for a comment",
    ],
    [
      { pullRequest: { branch: ".", commentControl: "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY" } },
      pull("main"),
      "",
    ],
  ])("%j on %j", (github, event, reason) => {
    const matched = matchEvent({ github: github ?? {} }, event);
    expect(matched.ok ? "" : matched.error).toContain(reason);
    expect(matched.ok).toBe(reason === "");
  });

  it("gives its names to the build: a branch or a tag, of a pull request the head", () => {
    const common = {
      COMMIT_SHA: COMMIT,
      REVISION_ID: COMMIT,
      SHORT_SHA: "0123456",
      REPO_NAME: "app",
      REPO_FULL_NAME: "acme/app",
    };
    expect(builtInsOfEvent(push("branch", "main"))).toEqual({ ...common, BRANCH_NAME: "main", REF_NAME: "main" });
    expect(builtInsOfEvent(push("tag", "v1"))).toEqual({ ...common, TAG_NAME: "v1", REF_NAME: "v1" });
    expect(builtInsOfEvent(pull("main"))).toEqual({ ...common, BRANCH_NAME: "feature", REF_NAME: "feature" });
    expect(userKeysOfEvent(push("tag", "v1"))).toEqual({});
    expect(userKeysOfEvent(pull("main"))).toEqual({
      _HEAD_BRANCH: "feature",
      _BASE_BRANCH: "main",
      _HEAD_REPO_URL: "https://github.com/acme/app",
      _PR_NUMBER: "7",
    });
  });
});

describe("file filters", () => {
  it.each([
    [["docs/a.md"], {}, true],
    [[], {}, true],
    [["docs/a.md"], { ignoredFiles: ["docs/**"] }, false],
    [["docs/a.md", "src/x.ts"], { ignoredFiles: ["docs/**"] }, true],
    [["src/x.ts"], { includedFiles: ["src/**"] }, true],
    [["other/x.ts"], { includedFiles: ["src/**"] }, false],
    [["src/x.md"], { includedFiles: ["src/**"], ignoredFiles: ["**/*.md"] }, false],
    [["src/x.md", "src/x.ts"], { includedFiles: ["src/**"], ignoredFiles: ["**/*.md"] }, true],
  ])("%j with %j", (changed, filter, expected) => {
    expect(letsFilesThrough(filter, changed)).toBe(expected);
  });

  it.each([
    ["**/*.go", "a.go", true],
    ["**/*.go", "x/y/a.go", true],
    ["src/**", "src/a/b", true],
    ["src/*", "src/a/b", false],
    ["src/?", "src/a", true],
    ["[a-c]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["[a\\-c]", "-", true],
    ["a\\*", "a*", true],
    ["a.b", "axb", false],
    ["a (1)+é", "a (1)+é", true],
  ])("%s and %s", (glob, path, expected) => {
    const parsed = parseGlob(glob);
    expect(parsed.ok && parsed.value(path)).toBe(expected);
  });

  it.each(["a[]", "[", "a\\"])("%s is no glob", (glob) => {
    expect(parseGlob(glob)).toEqual({ ok: false, error: `syntax error in pattern ${JSON.stringify(glob)}` });
  });
});
