/**
 * Derives the manifest of a protected environment from the one that was released and verified elsewhere: the same commits
 * and digests, the other environment's values. Pure. Begin with `deriveManifest`.
 */
import { artifactOf, type Environment, type Platform } from "../platform/platform.ts";
import type { Checked } from "../values/checked.ts";
import type { Digest } from "../values/digest.ts";
import { isCommitId, type ReleaseId } from "../values/ids.ts";
import type { Problem } from "../values/problem.ts";
import { type Instant, toIso } from "../values/time.ts";
import { closest } from "../yaml/closest.ts";
import { appendNote } from "./append-note.ts";
import { foreignIdentifiers, foreignTo } from "./environment-identifiers.ts";
import { isWithin } from "./environments.ts";
import type { Manifest } from "./manifest.ts";
import {
  type IdentifierMapping,
  mapEnvironmentNames,
  mapIdentifiers,
  namesEnvironment,
  type PromotionAddresses,
} from "./map-identifiers.ts";
import { parseManifest } from "./parse-manifest.ts";
import type { Pins } from "./pin-edits.ts";
import {
  identifierForeign,
  identifierInRemark,
  overrideUnknown,
  overrideUnmapped,
  promotionManifestChanged,
  promotionSourceOther,
  promotionUnpinned,
} from "./problems.ts";
import { rewriteManifest } from "./rewrite-manifest.ts";
import { type ChangedText, changeTexts, type TextChanges } from "./rewrite-texts.ts";

/** What is promoted: a manifest, and what its release made of it. */
export interface Promotion {
  readonly text: string;
  /** Path beneath the umbrella of the manifest that was released. */
  readonly file: string;
  readonly platform: Platform;
  readonly source: Environment;
  readonly target: Environment;
  readonly release: PromotedRelease;
  /** Today in UTC, `YYYY-MM-DD`. */
  readonly date: string;
  /** Manifests that there are: paths, or ids of releases; none of their names is used again. */
  readonly taken: readonly string[];
  /** Values that a person gives for overrides. */
  readonly overrides: Readonly<Record<string, string>>;
  readonly addresses?: PromotionAddresses;
}

/** The evidence: a release that was verified. */
export interface PromotedRelease {
  readonly id: ReleaseId;
  readonly planDigest: Digest;
  readonly verifiedAt: Instant;
  /** Full commits by module, and `repository@digest` by image key, of everything that the release had. */
  readonly pins: Pins;
}

export interface DerivedManifest {
  /** Path beneath the umbrella. */
  readonly file: string;
  readonly releaseId: string;
  readonly text: string;
  readonly manifest: Manifest;
  /** Every value that differs, in the order of the file. */
  readonly changes: readonly ChangedText[];
}

/**
 * The manifest for the target, or every problem at once. Commits and digests are the release's; comments, order and
 * quoting stay; a note says which release proved it. Nothing of the source is left in a value; where a comment still
 * names it, a warning says so.
 */
export function deriveManifest(promotion: Promotion): Checked<DerivedManifest> {
  const { text, file, platform, source } = promotion;
  const released = parseManifest({ text, file, platform });
  if (!released.ok) return released;
  if (released.value.environment !== source.name) {
    return { ok: false, problems: [promotionSourceOther(file, released.value.environment, source.name)] };
  }
  const { overrides, problems } = mapOverrides(promotion, released.value);
  problems.push(...pinProblems(promotion, released.value));
  const releaseId = freeName(promotion);
  const derivedFile = file.replace(/[^/]*$/, `${releaseId}.yaml`);
  const map = wholeMapping(promotion, released.value, overrides);
  const { text: mapped, changes } = changeTexts(text, {
    value: valueByPlace({ ...promotion, releaseId, overrides, map }),
    comment: map,
  });
  const whole = appendNote(rewriteManifest(mapped, additions(promotion, released.value)), evidence(promotion));
  const derived = parseManifest({ text: whole, file: derivedFile, platform });
  if (!derived.ok) problems.push(...derived.problems.filter((problem) => !isSaid(problem, problems)));
  const left = leftovers(whole, derivedFile, promotion);
  if (derived.ok) problems.push(...left.errors);
  const [first, ...rest] = problems;
  if (first !== undefined) return { ok: false, problems: [first, ...rest] };
  if (!derived.ok) return derived;
  const value = { file: derivedFile, releaseId, text: whole, manifest: derived.value, changes };
  return { ok: true, value, warnings: [...derived.warnings, ...left.warnings] };
}

/** `prod` where the environment goes by it, otherwise its name: what its manifests' names end in. */
function manifestSuffix({ name, aliases }: Environment): string {
  return aliases.names.includes("prod") ? "prod" : name;
}

/** The number stands before the suffix: a manifest's id has to end in its environment's name. */
function freeName({ date, target, taken }: Promotion): string {
  const names = new Set(taken.map((each) => each.replace(/^.*\//, "").replace(/\.ya?ml$/, "")));
  const suffix = manifestSuffix(target);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${date}-${suffix}` : `${date}-${number}-${suffix}`;
    if (!names.has(name)) return name;
  }
}

type Overrides = ReadonlyMap<string, string>;

/** What a person gives, otherwise what the platform file says of the target, otherwise the same value mapped. */
function mapOverrides(promotion: Promotion, manifest: Manifest): { overrides: Overrides; problems: Problem[] } {
  const { platform, source, target, overrides: given } = promotion;
  const map = mapIdentifiers(promotion);
  const problems: Problem[] = Object.keys(given)
    .filter((name) => platform.overrides[name] === undefined)
    .map((name) => overrideUnknown(name, closest(name, Object.keys(platform.overrides))));
  const findForeign = foreignTo(platform, target);
  const overrides = new Map(Object.entries(given));
  for (const [name, { value, where }] of Object.entries(manifest.envOverrides)) {
    const said = given[name] ?? target.overrides?.[name];
    const mapped = said ?? map(value);
    overrides.set(name, mapped);
    if (said !== undefined || isWithin(target, mapped)) continue;
    if (findForeign(mapped).length === 0 && !namesEnvironment(mapped, promotion)) continue;
    problems.push(overrideUnmapped(where, { name, value }, { source: source.name, target: target.name }));
  }
  return { overrides, problems };
}

function pinProblems({ release: { pins } }: Promotion, manifest: Manifest): readonly Problem[] {
  const commits = Object.entries(manifest.commits).flatMap(([module, { value, where }]) => {
    const pinned = pins.commits[module];
    if (pinned === undefined) return [promotionUnpinned(where, "commit", module)];
    return isCommitId(value) && value !== pinned ? [promotionManifestChanged(where, module, pinned)] : [];
  });
  const images = Object.entries(manifest.images).flatMap(([name, { value, where }]) => {
    const pinned = digestOfImage(pins, name);
    if (pinned === undefined) return [promotionUnpinned(where, "image", name)];
    return value.digest !== undefined && value.digest !== pinned ? [promotionManifestChanged(where, name, pinned)] : [];
  });
  return [...commits, ...images];
}

function digestOfImage(pins: Pins, name: string): string | undefined {
  return pins.images[name]?.split("@")[1];
}

/** The mapping for comments and remarks: the values that overrides lose are replaced there, too. */
function wholeMapping(promotion: Promotion, manifest: Manifest, overrides: Overrides): IdentifierMapping {
  const values = Object.entries(manifest.envOverrides).map(
    ([name, { value }]) => [value, overrides.get(name) ?? value] as const,
  );
  return mapIdentifiers({ ...promotion, values });
}

interface ValueMapping extends Omit<Promotion, "overrides"> {
  readonly releaseId: string;
  readonly overrides: Overrides;
  readonly map: IdentifierMapping;
}

/** What each value of the manifest becomes, by its place. */
function valueByPlace(mapping: ValueMapping): TextChanges["value"] {
  const { releaseId, target, overrides, release, map } = mapping;
  return ([section = "", name = "", ...rest], value) => {
    switch (section) {
      case "release_id":
        return releaseId;
      case "environment":
        return target.name;
      case "commits":
        return release.pins.commits[name] ?? value;
      case "images":
        return imageOf(mapping, name) ?? value;
      case "env_overrides":
        return rest.length === 0 ? (overrides.get(name) ?? value) : value;
      case "verification":
        return mapEnvironmentNames(map(value), mapping);
      case "migrations":
        // A path is the commit's, the same everywhere; only the remark behind it speaks of an environment.
        return value.replace(/\s\(.*\)$/, (remark) => mapEnvironmentNames(map(remark), mapping));
      case "description":
      case "notes":
        return map(value);
      default:
        return value;
    }
  };
}

/** By digest alone: a tag of the other registry says nothing in this one. */
function imageOf(
  { platform, target, release }: Pick<Promotion, "platform" | "target" | "release">,
  name: string,
): string | undefined {
  const digest = digestOfImage(release.pins, name);
  if (digest === undefined || platform.images[name] === undefined) return undefined;
  return `${target.registry}/${artifactOf(platform, name).repository}@${digest}`;
}

/** Images and given overrides that the manifest did not name. */
function additions(promotion: Promotion, manifest: Manifest): Parameters<typeof rewriteManifest>[1] {
  const { release, overrides, platform } = promotion;
  const images = Object.keys(release.pins.images).flatMap((name) => {
    const value = manifest.images[name] === undefined ? imageOf(promotion, name) : undefined;
    return value === undefined ? [] : [{ path: ["images", name] as const, value }];
  });
  const given = Object.entries(overrides)
    .filter(([name]) => platform.overrides[name] !== undefined && manifest.envOverrides[name] === undefined)
    .map(([name, value]) => ({ path: ["env_overrides", name] as const, value }));
  return [...images, ...given];
}

/** The plan by as many digits as commands take: a whole digest would look like one more image. */
function evidence({ source, release, file }: Promotion): string {
  const id = file.replace(/^.*\//, "").replace(/\.ya?ml$/, "");
  const plan = release.planDigest.slice("sha256:".length, "sha256:".length + 12);
  return `Proved on ${source.name} by ${release.id} (${id}), plan ${plan}, verified at ${toIso(release.verifiedAt)}.`;
}

function isSaid(problem: Problem, said: readonly Problem[]): boolean {
  return said.some(({ where }) => where?.excerpt !== undefined && where.excerpt === problem.where?.excerpt);
}

/** What is still the source's after everything was mapped: an error in a value, a warning in a remark. */
function leftovers(
  text: string,
  file: string,
  { source, target, addresses }: Promotion,
): { readonly errors: readonly Problem[]; readonly warnings: readonly Problem[] } {
  const find = foreignIdentifiers({ source, target, addresses: Object.values(addresses?.source ?? {}) });
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  changeTexts(text, {
    value: ([section = "", ...rest], value, where) => {
      const place = { file, ...where, excerpt: [section, ...rest].join(".") };
      for (const { identifier } of find(value)) {
        const isRemark = section === "description" || section === "notes";
        if (isRemark) warnings.push(identifierInRemark(place, identifier, source.name));
        else errors.push(identifierForeign(place, identifier, source.name, target.name));
      }
      return value;
    },
    comment: (comment, where) => {
      for (const { identifier } of find(comment)) {
        warnings.push(identifierInRemark({ file, ...where }, identifier, source.name));
      }
      return comment;
    },
  });
  return { errors, warnings };
}
