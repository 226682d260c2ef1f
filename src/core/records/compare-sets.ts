import type { EnvValue } from "../plan/observed.ts";
import { canonicalJson, type Digest } from "../values/digest.ts";
import type { ReleaseId } from "../values/ids.ts";
import type { ModuleChanges } from "./changelog.ts";
import type { SetContent } from "./set-content.ts";

/** What differs between two released sets; lists are in the order of names. */
export interface Changelog {
  readonly apiVersion: "mobius/v1";
  readonly from: { readonly environment: string; readonly release?: ReleaseId };
  readonly to: { readonly environment: string; readonly release?: ReleaseId };
  /** Modules whose commit differs. */
  readonly modules: readonly ModuleChanges[];
  readonly images: readonly { readonly service: string; readonly from?: Digest; readonly to?: Digest }[];
  readonly migrations: {
    readonly added: readonly { readonly database: string; readonly identifier: string }[];
    /** In `from` only: where `to` is behind, or another environment. */
    readonly missing: readonly { readonly database: string; readonly identifier: string }[];
  };
  /** Settings of services, feature flags and env overrides, each as text; a secret is named by its version only. */
  readonly configuration: readonly {
    readonly of: string;
    readonly name: string;
    readonly from?: string;
    readonly to?: string;
  }[];
}

/** Whether nothing differs. */
export function isUnchanged({ modules, images, migrations, configuration }: Changelog): boolean {
  const lists = [modules, images, migrations.added, migrations.missing, configuration];
  return lists.every((list) => list.length === 0);
}

/** Compares two sets; `modules` are what `readChanges` found of those whose commits differ. */
export function compareSets(from: SetContent, to: SetContent, modules: readonly ModuleChanges[]): Changelog {
  return {
    apiVersion: "mobius/v1",
    from: sideOf(from),
    to: sideOf(to),
    modules,
    images: names(from.services, to.services).flatMap((service) => {
      const [was, is] = [from.services[service]?.digest, to.services[service]?.digest];
      return was === is ? [] : [{ service, ...fromTo(was, is) }];
    }),
    migrations: { added: without(to.migrations, from.migrations), missing: without(from.migrations, to.migrations) },
    configuration: [
      ...names(from.services, to.services).flatMap((service) => settingChanges(service, from, to)),
      ...valueChanges("feature flags", texts(from.flags), texts(to.flags)),
      ...valueChanges("env overrides", from.overrides, to.overrides),
    ],
  };
}

function sideOf({ environment, release }: SetContent): Changelog["from"] {
  return { environment, ...(release === undefined ? {} : { release }) };
}

/** A service that is new, or gone, is among the images; its every setting would say no more. */
function settingChanges(service: string, from: SetContent, to: SetContent): Changelog["configuration"] {
  const [was, is] = [from.services[service], to.services[service]];
  if (was === undefined || is === undefined) return [];
  const { env: envBefore, image: _before, ...before } = was.settings;
  const { env: envNow, image: _now, ...now } = is.settings;
  return [
    ...valueChanges(service, texts(before), texts(now)),
    ...valueChanges(service, envTexts(envBefore), envTexts(envNow)),
  ];
}

function envTexts(env: Readonly<Record<string, EnvValue>>): Readonly<Record<string, string>> {
  const text = (value: EnvValue) => (value.kind === "plain" ? value.value : `secret ${value.secret}:${value.version}`);
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [`env ${name}`, text(value)]));
}

function texts(values: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : canonicalJson(value)]),
  );
}

function valueChanges(
  of: string,
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Changelog["configuration"] {
  return names(before, now).flatMap((name) => {
    const [was, is] = [before[name], now[name]];
    return was === is ? [] : [{ of, name, ...fromTo(was, is) }];
  });
}

function fromTo<T>(from: T | undefined, to: T | undefined): { readonly from?: T; readonly to?: T } {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function names(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

interface AppliedMigration {
  readonly database: string;
  readonly identifier: string;
}

function without(list: readonly AppliedMigration[], others: readonly AppliedMigration[]): readonly AppliedMigration[] {
  const known = new Set(others.map(({ database, identifier }) => `${database} ${identifier}`));
  return list.filter(({ database, identifier }) => !known.has(`${database} ${identifier}`));
}
