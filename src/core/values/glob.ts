/** Whether a pattern has wildcards; one without names a file, or a folder with everything beneath it. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*");
}

/**
 * Whether a path is one that the pattern stands for. Both are relative, with forward slashes; case counts, and a leading
 * dot is a character like any other. Without a wildcard the pattern is a file, or a folder and then everything beneath
 * it; `.` is everything. With wildcards it is the whole path of a file: `*` stands for any characters within one
 * segment, a segment `**` for any number of folders, at the end for everything beneath. Linear in the pattern times the
 * path, whatever the pattern.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(path);
  if (!hasWildcard(pattern)) return wanted.every((segment, index) => segment === given[index]);
  // `src/**` is what lies beneath src, never a file of that name.
  if (wanted.at(-1) === "**") wanted.push("*");
  return matchesSequence(wanted, given, { isAny: (segment) => segment === "**", fits: segmentFits });
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function segmentFits(pattern: string, segment: string): boolean {
  return matchesSequence([...pattern], [...segment], {
    isAny: (character) => character === "*",
    fits: (character, actual) => character === actual,
  });
}

interface Rule {
  /** Whether this element of the pattern stands for any number of items. */
  readonly isAny: (element: string) => boolean;
  readonly fits: (element: string, item: string) => boolean;
}

/** Where an item does not fit, only the last "any" can take one more: going back further never helps. */
function matchesSequence(pattern: readonly string[], items: readonly string[], rule: Rule): boolean {
  let at = 0;
  let resume: { readonly pattern: number; item: number } | undefined;
  for (let index = 0; index < items.length; ) {
    const element = pattern[at];
    if (element !== undefined && rule.isAny(element)) {
      resume = { pattern: ++at, item: index };
    } else if (element !== undefined && rule.fits(element, items[index] ?? "")) {
      at++;
      index++;
    } else if (resume !== undefined) {
      at = resume.pattern;
      index = ++resume.item;
    } else {
      return false;
    }
  }
  return pattern.slice(at).every(rule.isAny);
}
