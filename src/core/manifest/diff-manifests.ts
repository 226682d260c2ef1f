import type { ImageReference, Manifest, MigrationName } from "./manifest.ts";

/** One value that differs; `undefined` on the side that lacks it. */
export interface ManifestChange {
  readonly section: "commits" | "images" | "migrations" | "feature_flags" | "env_overrides" | "verification";
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What two manifests say differently, by meaning: order, quotes and comments do not count. */
export function diffManifests(from: Manifest, to: Manifest): readonly ManifestChange[] {
  return SECTIONS.flatMap(([section, values]) => {
    const [was, is] = [values(from), values(to)];
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
    return names
      .filter((name) => was[name] !== is[name])
      .map((name) => ({ section, name, from: was[name], to: is[name] }));
  });
}

/** The changes as lines: `+` added, `-` removed, `~` changed. */
export function renderManifestDiff(changes: readonly ManifestChange[]): string {
  if (changes.length === 0) return "The manifests say the same.";
  return changes
    .map(({ section, name, from, to }) => {
      if (from === undefined) return `+ ${section}.${name}: ${to}`;
      if (to === undefined) return `- ${section}.${name}: ${from}`;
      return `~ ${section}.${name}: ${from} → ${to}`;
    })
    .join("\n");
}

type Values = Readonly<Record<string, string>>;

const SECTIONS: readonly (readonly [ManifestChange["section"], (manifest: Manifest) => Values])[] = [
  ["commits", (manifest) => mapValues(manifest.commits, ({ value }) => value)],
  ["images", (manifest) => mapValues(manifest.images, ({ value }) => imageText(value))],
  ["migrations", (manifest) => mapValues(manifest.migrations, (list) => list.map(migrationText).join(", "))],
  ["feature_flags", (manifest) => mapValues(manifest.featureFlags, ({ value }) => String(value))],
  ["env_overrides", (manifest) => mapValues(manifest.envOverrides, ({ value }) => value)],
  ["verification", verificationValues],
];

function mapValues<A>(record: Readonly<Record<string, A>>, text: (value: A) => string): Values {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, text(value)]));
}

function imageText({ repository, tag, digest }: ImageReference): string {
  return `${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function migrationText({ kind, name }: MigrationName): string {
  return `${kind}:${name}`;
}

function verificationValues({ verification }: Manifest): Values {
  const { verifyScript, qaSuite, dbtTest } = verification;
  return {
    ...(verifyScript === undefined ? {} : { verify_script: verifyScript.value }),
    ...(qaSuite === undefined ? {} : { qa_suite: qaSuite.value }),
    dbt_test: String(dbtTest),
  };
}
