import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePlatform } from "../platform/parse-platform.ts";
import { renderProblem } from "../values/problem.ts";
import { diffManifests, renderManifestDiff } from "./diff-manifests.ts";
import { newManifest } from "./new-manifest.ts";
import { parseManifest } from "./parse-manifest.ts";
import { pinEdits } from "./pin-edits.ts";
import { renewManifest } from "./renew-manifest.ts";
import { rewriteManifest } from "./rewrite-manifest.ts";

const parsed = parsePlatform(
  readFileSync(resolve(import.meta.dirname, "../../../examples/mobius/umbrella/mobius.yaml"), "utf8"),
  "mobius.yaml",
);
if (!parsed.ok) throw new Error(parsed.problems.map(renderProblem).join("\n"));
const platform = parsed.value;

function manifest(text: string) {
  const read = parseManifest({ text, file: "m.yaml", platform });
  if (!read.ok) throw new Error(read.problems.map(renderProblem).join("\n"));
  return read.value;
}

describe("renewManifest", () => {
  const earlier = [
    "# kept",
    "release_id: 2026-11-20-staging",
    'description: "Last week"',
    "commits:",
    "  mobius-chat: v1.2.0 # why this one",
    "  mobius-rag: main",
    "",
    "images:",
    "  # built",
    `  mobius-chat-api: gcr.io/mobius-staging/mobius-chat-api@sha256:${"a".repeat(64)}`,
    "",
    "feature_flags: { chat_live_stream: true }",
    "env_overrides:",
    "  gcs_bucket: mobius-rag-uploads-staging # ours",
    "notes:",
    '  - "Proved nothing."',
    "",
  ].join("\n");
  const renewed = renewManifest({
    text: earlier,
    releaseId: "2026-11-27-staging",
    description: "This week",
    refs: { "mobius-chat": "c".repeat(40), "mobius-os": "d".repeat(40) },
  });

  it("changes id, description and commits, lets images and notes go, and leaves the rest as it is", () => {
    expect(renewed).toBe(
      [
        "# kept",
        "release_id: 2026-11-27-staging",
        'description: "This week"',
        "commits:",
        `  mobius-chat: ${"c".repeat(40)} # why this one`,
        "  mobius-rag: main",
        `  mobius-os: ${"d".repeat(40)}`,
        "",
        "images: {}",
        "",
        "feature_flags: { chat_live_stream: true }",
        "env_overrides:",
        "  gcs_bucket: mobius-rag-uploads-staging # ours",
        "notes: []",
        "",
      ].join("\n"),
    );
    expect(manifest(renewed).environment).toBe("staging");
  });

  it.each([
    ["nothing stands in a section", "release_id: a-staging\nimages:\nnotes: []\ncommits: {}\n"],
    ["a section is in one line", "release_id: a-staging\nimages: { a: b }\ncommits: { mobius-rag: main }\n"],
    ["the text does not end in a line break", "release_id: a-staging\ncommits: {}\nnotes: [x]"],
    ["lines end as on Windows", "release_id: a-staging\r\nimages:\r\n  a: b\r\ncommits: {}\r\n"],
  ])("is valid where %s", (_, text) => {
    const again = renewManifest({ text, releaseId: "b-staging", description: "x", refs: { "mobius-rag": "main" } });
    expect(manifest(again)).toMatchObject({
      releaseId: { value: "b-staging" },
      commits: { "mobius-rag": { value: "main" } },
    });
    expect(manifest(again).images).toEqual({});
  });
});

describe("newManifest", () => {
  it("writes a manifest that is valid, with the refs given", () => {
    const text = newManifest({
      platform,
      environment: "staging",
      releaseId: "2026-11-26-staging",
      description: 'says "hello": to <all>',
      refs: { "mobius-chat": "main", "mobius-rag": "1234567" },
    });
    expect(text).toContain('  mobius-rag: "1234567"\n');
    const read = manifest(text);
    expect(read.environment).toBe("staging");
    expect(read.description).toBe('says "hello": to <all>');
    expect(Object.keys(read.commits)).toEqual(["mobius-chat", "mobius-rag"]);
    expect(text).not.toContain("environment:");
  });

  it("names the environment where the id does not end in it", () => {
    const text = newManifest({ platform, environment: "staging", releaseId: "winter", description: "x", refs: {} });
    expect(text).toContain("\nenvironment: staging\n");
    expect(manifest(text).environment).toBe("staging");
  });
});

describe("pinEdits", () => {
  it("pins what the manifest names and every image; a tag stays beside its digest", () => {
    const text =
      "release_id: 2026-11-26-staging\ncommits:\n  mobius-chat: main\nimages:\n  mobius-dbt-ui: gcr.io/mobius-staging/ui:t1\n";
    const digest = `sha256:${"a".repeat(64)}`;
    const edits = pinEdits(manifest(text), {
      commits: { "mobius-chat": "c".repeat(40), "mobius-rag": "d".repeat(40) },
      images: {
        "mobius-dbt-ui": `gcr.io/mobius-staging/ui@${digest}`,
        "module-hub": `gcr.io/mobius-staging/hub@${digest}`,
      },
    });
    expect(rewriteManifest(text, edits)).toBe(
      `release_id: 2026-11-26-staging\ncommits:\n  mobius-chat: ${"c".repeat(40)}\nimages:\n  mobius-dbt-ui: gcr.io/mobius-staging/ui:t1@${digest}\n  module-hub: gcr.io/mobius-staging/hub@${digest}\n`,
    );
  });
});

describe("diffManifests", () => {
  it("compares by meaning: order, quotes and comments do not count", () => {
    const from = manifest(
      "release_id: 2026-11-26-staging\ncommits:\n  mobius-chat: main\n  mobius-os: v1\nfeature_flags: { chat_live_stream: true }\nmigrations:\n  mobius-chat: [a.sql]\n",
    );
    const same = manifest(
      "release_id: 2026-11-27-staging\nmigrations:\n  mobius-chat:\n    - sql:a.sql\ncommits:\n  mobius-os: 'v1' # first\n  mobius-chat: \"main\"\nfeature_flags:\n  chat_live_stream: true\n",
    );
    expect(renderManifestDiff(diffManifests(from, same))).toBe("The manifests say the same.");
    const to = manifest(
      "release_id: 2026-11-26-staging\ncommits:\n  mobius-chat: dev\n  mobius-rag: main\nfeature_flags: { chat_live_stream: false }\nmigrations:\n  mobius-chat: [a.sql, b.sql]\nverification: { dbt_test: true }\n",
    );
    expect(renderManifestDiff(diffManifests(from, to))).toBe(
      [
        "~ commits.mobius-chat: main → dev",
        "- commits.mobius-os: v1",
        "+ commits.mobius-rag: main",
        "~ migrations.mobius-chat: sql:db/schema/a.sql → sql:db/schema/a.sql, sql:db/schema/b.sql",
        "~ feature_flags.chat_live_stream: true → false",
        "~ verification.dbt_test: false → true",
      ].join("\n"),
    );
  });
});
