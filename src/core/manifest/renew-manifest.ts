import { isMap, isScalar, type Node, parseDocument } from "yaml";
import { rewriteManifest } from "./rewrite-manifest.ts";
import { changeTexts } from "./rewrite-texts.ts";
import { applySplice, beforeLineBreak, endOf, isEmpty, rangeOf } from "./splice-yaml.ts";

export interface RenewedManifest {
  /** The earlier manifest of the same environment; `parseManifest` took it. */
  readonly text: string;
  readonly releaseId: string;
  readonly description: string;
  /** Module → commit, tag or branch; modules that the earlier one names and these do not keep theirs. */
  readonly refs: Readonly<Record<string, string>>;
}

/**
 * The text of a manifest like an earlier one, with other commits. Migrations, flags, overrides, verification and comments
 * stay as they are. Images go, since their digests and tags are those of the earlier commits, and so do the notes.
 */
export function renewManifest({ text, releaseId, description, refs }: RenewedManifest): string {
  const emptied = [emptySection("images", "{}"), emptySection("notes", "[]")].reduce((left, next) => next(left), text);
  const { text: changed } = changeTexts(emptied, {
    value: ([section = "", name], value) => {
      if (section === "release_id") return releaseId;
      if (section === "description") return description;
      return section === "commits" && name !== undefined ? (refs[name] ?? value) : value;
    },
    comment: (comment) => comment,
  });
  return rewriteManifest(
    changed,
    Object.entries(refs).map(([module, value]) => ({ path: ["commits", module] as const, value })),
  );
}

/** Puts `{}` or `[]` where a section's entries are, with the comments among them; a section that is not there stays away. */
function emptySection(section: string, empty: string): (text: string) => string {
  return (text) => {
    const root = parseDocument(text, { schema: "failsafe" }).contents;
    const pair = isMap(root) ? root.items.find(({ key }) => isScalar(key) && key.value === section) : undefined;
    if (pair === undefined || isEmpty(pair.value)) return text;
    const [, to] = rangeOf(pair.value as Node);
    return applySplice(text, { from: endOf(pair.key), to: beforeLineBreak(text, to), text: `: ${empty}` });
  };
}
