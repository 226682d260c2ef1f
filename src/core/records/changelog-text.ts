import type { ChangelogCommit, CommitList, ModuleChanges } from "./changelog.ts";
import { moreText } from "./changelog.ts";
import { type Changelog, isUnchanged } from "./compare-sets.ts";
import { markdownCode, markdownText } from "./markdown.ts";

/** How names and words of others are written: as they are on a terminal, escaped in Markdown. */
interface Style {
  readonly code: (text: string) => string;
  readonly text: (text: string) => string;
  readonly heading: (text: string) => string;
  readonly item: string;
}

// A terminal obeys control characters: none of others' may reach it.
const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}]+/gu, " ");
const TERMINAL: Style = { code: plain, text: plain, heading: (text) => text, item: "  " };
const MARKDOWN: Style = { code: markdownCode, text: markdownText, heading: (text) => `### ${text}\n`, item: "- " };

/** The changelog for a terminal or a Markdown file. */
export function changelogText(changelog: Changelog, format: "terminal" | "markdown"): string {
  const style = format === "markdown" ? MARKDOWN : TERMINAL;
  const title = `${side(changelog.from)} → ${side(changelog.to)}`;
  const { migrations } = changelog;
  const migration = ({ database, identifier }: { database: string; identifier: string }) =>
    `${style.code(database)} ${style.code(identifier)}`;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ...changelog.modules.map((module) => [moduleTitle(module, style), commitLines(module, style)] as const),
    [
      "Images",
      changelog.images.map(({ service, from, to }) => `${style.code(service)} ${change(from, to, style, shortDigest)}`),
    ],
    ["Migrations", migrations.added.map(migration)],
    ["Migrations only before", migrations.missing.map(migration)],
    [
      "Configuration",
      changelog.configuration.map(
        ({ of, name, from, to }) =>
          `${style.code(of)} ${style.text(name)}: ${change(from, to, style, (value) => value)}`,
      ),
    ],
  ];
  const parts = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => [style.heading(heading), ...lines.map((line) => style.item + line)].join("\n"));
  const head = format === "markdown" ? `## ${markdownText(title)}` : title;
  return [head, ...(isUnchanged(changelog) ? ["Nothing differs."] : parts)].join("\n\n");
}

/** The commits of one module for a terminal, a line each. */
export function commitsText(module: ModuleChanges): readonly string[] {
  return commitLines(module, TERMINAL);
}

function side({ environment, release }: Changelog["from"]): string {
  return release === undefined ? `${environment} (nothing released)` : `${environment} (${release})`;
}

function moduleTitle({ module, from, to, commits }: ModuleChanges, style: Style): string {
  const count = commits.kind === "read" ? `, ${countText(commits.added)}` : "";
  return `${style.code(module)} ${change(from, to, style, (commit) => commit.slice(0, 12))}${count}`;
}

function countText({ shown, more, isCounted }: CommitList): string {
  const count = shown.length + more;
  return `${isCounted ? "" : "at least "}${count} commit${count === 1 ? "" : "s"}`;
}

function commitLines({ from, commits }: ModuleChanges, style: Style): readonly string[] {
  if (commits.kind === "none") return [from === undefined ? "not released before" : "not released any more"];
  if (commits.kind === "unreadable") return [`commits unknown: ${style.text(commits.reason)}`];
  const line = ({ commit, subject, author }: ChangelogCommit) =>
    `${style.code(commit.slice(0, 12))} ${style.text(subject)} (${style.text(author)})`;
  return [
    ...commits.added.shown.map(line),
    ...(commits.added.more === 0 ? [] : [moreText(commits.added)]),
    ...commits.removed.shown.map((commit) => `no longer: ${line(commit)}`),
    ...(commits.removed.more === 0 ? [] : [`no longer: ${moreText(commits.removed)}`]),
  ];
}

function change<T extends string>(
  from: T | undefined,
  to: T | undefined,
  style: Style,
  shown: (value: T) => string,
): string {
  const text = (value: T | undefined) => (value === undefined ? "none" : style.code(shown(value)));
  return `${text(from)} → ${text(to)}`;
}

function shortDigest(digest: string): string {
  return digest.slice(0, 19);
}
