/**
 * The identifiers of an environment in any text: a manifest's line, an image's file, a variable. What the boundary's check
 * of a manifest refuses as another environment's is what is searched for here.
 */
import type { Environment, Platform } from "../platform/platform.ts";

/** An identifier and where it begins, in characters. */
export interface FoundIdentifier {
  readonly identifier: string;
  readonly at: number;
}

/** Finds every identifier of one environment that another must not use. */
export type IdentifierSearch = (text: string) => readonly FoundIdentifier[];

/** A boundary's entry with less text than this between its `*` would be found everywhere. */
const MIN_LITERAL = 4;
/** What `*` stands for in a text: the rest of a word, of bounded length. */
const REST_OF_WORD = "[^\\s\"'`<>()\\[\\]{},;#]{0,200}";

/**
 * The search for what is `source`'s: its project and the project's aliases, hence registries, instances and service
 * accounts, what its boundary owns, and `addresses` of its services. What `target` owns or shares is not found.
 */
export function foreignIdentifiers(request: {
  readonly source: Environment;
  readonly target: Environment;
  readonly addresses?: readonly string[];
}): IdentifierSearch {
  const { source, target, addresses = [] } = request;
  const owned = source.boundary.owns.map((entry) => entry.replace(/^gs:\/\//, "")).filter(isTelling);
  const patterns = [
    ...[source.project, ...source.aliases.projects, ...addresses].map(escaped),
    ...owned.map(toPattern),
  ];
  // The longest first, so that `mobius-staging-mobius` is not found as `mobius-staging`.
  const any = patterns
    .sort((a, b) => b.length - a.length)
    .map(asWord)
    .join("|");
  const search = new RegExp(any, "g");
  const allowed = [...target.boundary.owns, ...target.boundary.shares].map(
    (entry) => new RegExp(`^${toPattern(entry)}$`),
  );
  return (text) =>
    [...text.matchAll(search)]
      .map((match) => ({ identifier: match[0], at: match.index }))
      .filter(({ identifier }) => !allowed.some((pattern) => pattern.test(identifier)));
}

/** Finds what is another environment's, and says whose. */
export type ForeignSearch = (text: string) => readonly { readonly identifier: string; readonly owner: Environment }[];

/** The search for what must not be used in an environment, because it is any other one's. */
export function foreignTo(platform: Platform, environment: Environment): ForeignSearch {
  const searches = Object.values(platform.environments)
    .filter(({ name }) => name !== environment.name)
    .map((owner) => ({ owner, find: foreignIdentifiers({ source: owner, target: environment }) }));
  return (text) => searches.flatMap(({ owner, find }) => find(text).map(({ identifier }) => ({ identifier, owner })));
}

/** A text as a word of its own: no letter, digit or hyphen goes on before or behind it. */
export function asWord(pattern: string): string {
  const before = /^[A-Za-z0-9]/.test(pattern) ? "(?<![A-Za-z0-9-])" : "";
  const behind = /[A-Za-z0-9]$/.test(pattern) ? "(?![A-Za-z0-9-])" : "";
  return `${before}${pattern}${behind}`;
}

/** A text that stands for itself in a regular expression. */
export function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function isTelling(entry: string): boolean {
  return entry.split("*").some((part) => part.length >= MIN_LITERAL);
}

function toPattern(entry: string): string {
  return entry.split("*").map(escaped).join(REST_OF_WORD);
}
