import type { Environment } from "../platform/platform.ts";
import { asWord, escaped } from "./environment-identifiers.ts";

/** Service → address, of the environment that is promoted and of the one that it is promoted to. */
export interface PromotionAddresses {
  readonly source: Readonly<Record<string, string>>;
  readonly target: Readonly<Record<string, string>>;
}

/** Turns what belongs to one environment into what corresponds to it in another; all else stays as it is. */
export type IdentifierMapping = (text: string) => string;

export interface MappingRequest {
  readonly source: Environment;
  readonly target: Environment;
  readonly addresses?: PromotionAddresses;
  /** Values of overrides that are replaced: the same text elsewhere is replaced with them. */
  readonly values?: readonly (readonly [from: string, to: string])[];
}

/** Shorter values of overrides (`6`, `on`) mean nothing outside of their line. */
const MIN_VALUE = 8;

/**
 * What the platform file says of both environments side by side: registry, project with its aliases, identities, the
 * services' addresses. A single pass, so that what was put in is not replaced again.
 */
export function mapIdentifiers({ source, target, addresses, values = [] }: MappingRequest): IdentifierMapping {
  const identities = Object.entries(source.identities).map(
    ([role, name]) => [name, target.identities[role as keyof Environment["identities"]]] as const,
  );
  const urls = Object.entries(addresses?.source ?? {}).flatMap(([service, url]) => {
    const own = addresses?.target[service];
    return own === undefined ? [] : [[url, own] as const];
  });
  const pairs = [
    [source.registry, target.registry] as const,
    ...[source.project, ...source.aliases.projects].map((project) => [project, target.project] as const),
    ...identities,
    ...urls,
    ...values.filter(([from]) => from.length >= MIN_VALUE),
  ].filter(([from, to]) => from !== to);
  return replaceWords(new Map(pairs));
}

const COMMAND_WORD = /(?<=^|[\s=,:"'])([A-Za-z0-9_-]+)(?=$|[\s,"'])/g;

/** A command line or remark for the other environment: its name and aliases as words of their own as well. */
export function mapEnvironmentNames(
  text: string,
  { source, target }: Pick<MappingRequest, "source" | "target">,
): string {
  const names = [source.name, ...source.aliases.names];
  return text.replaceAll(COMMAND_WORD, (word) => (names.includes(word) ? target.name : word));
}

function replaceWords(pairs: ReadonlyMap<string, string>): IdentifierMapping {
  if (pairs.size === 0) return (text) => text;
  const longestFirst = [...pairs.keys()].sort((a, b) => b.length - a.length);
  const any = new RegExp(longestFirst.map((word) => asWord(escaped(word))).join("|"), "g");
  return (text) => text.replaceAll(any, (word) => pairs.get(word) ?? word);
}

/** Whether the source's name stands in a value as a part of its own, as in `mobius_chat_staging_17` or `redis.stg.internal`. */
export function namesEnvironment(
  value: string,
  { source, target }: Pick<MappingRequest, "source" | "target">,
): boolean {
  const rest = value.replaceAll(target.project, "");
  const names = [source.name, ...source.aliases.names].map(escaped).join("|");
  return new RegExp(`(?<![a-z0-9])(${names})(?![a-z0-9])`, "i").test(rest);
}
