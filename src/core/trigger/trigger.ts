import type { BuildConfig } from "../build/build-config.ts";
import { readByTable } from "../build/read-build.ts";
import type { Instant } from "../values/time.ts";
import { REPO_SOURCE, TRIGGER } from "./trigger-schema.ts";

/** What people say of a trigger: the fields of `trigger-schema.ts` that something here acts on. */
export interface TriggerSettings {
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly disabled?: boolean;
  readonly substitutions?: Readonly<Record<string, string>>;
  /** CEL over the names of substitutions: what does not fit makes no build. */
  readonly filter?: string;
  /** Globs of changed files: those that do not count, and of which one must be among the rest. */
  readonly ignoredFiles?: readonly string[];
  readonly includedFiles?: readonly string[];
  /** Who its builds run as, whatever their file says. */
  readonly serviceAccount?: string;
  readonly sourceToBuild?: { readonly uri?: string; readonly repository?: string; readonly ref?: string };
  readonly approvalConfig?: { readonly approvalRequired?: boolean };
  readonly webhookConfig?: { readonly secret?: string };
  readonly pubsubConfig?: { readonly topic?: string };
  readonly triggerTemplate?: RepoSource;
  readonly github?: RepositoryEvents & { readonly owner?: string; readonly name?: string };
  readonly repositoryEventConfig?: RepositoryEvents;
  readonly bitbucketServerTriggerConfig?: RepositoryEvents;
  readonly gitlabEnterpriseEventsConfig?: RepositoryEvents;
  readonly developerConnectEventConfig?: RepositoryEvents;
  readonly autodetect?: boolean;
  readonly build?: BuildConfig;
  readonly filename?: string;
  readonly gitFileSource?: {
    readonly path?: string;
    readonly uri?: string;
    readonly repository?: string;
    readonly revision?: string;
  };
}

/** Events of a repository that start a build; the texts are RE2 expressions, found anywhere in a name. */
export interface RepositoryEvents {
  readonly push?: { readonly branch?: string; readonly tag?: string; readonly invertRegex?: boolean };
  readonly pullRequest?: {
    /** Of the branch that it is to be merged into. */
    readonly branch?: string;
    readonly commentControl?:
      | "COMMENTS_DISABLED"
      | "COMMENTS_ENABLED"
      | "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY";
    readonly invertRegex?: boolean;
  };
}

/** Which revision of a repository. */
export interface RepoSource {
  readonly repoName?: string;
  readonly branchName?: string;
  readonly tagName?: string;
  readonly commitSha?: string;
  readonly dir?: string;
  readonly substitutions?: Readonly<Record<string, string>>;
}

/** A trigger as it is kept. */
export interface Trigger {
  /** Lower-case UUID. */
  readonly id: string;
  readonly project: string;
  readonly location: string;
  readonly createdAt: Instant;
  readonly settings: TriggerSettings & { readonly name: string };
}

/** Reads a trigger from the API: its settings, or what does not fit. */
export function readTrigger(value: unknown): {
  readonly settings: TriggerSettings;
  readonly misfits: readonly string[];
} {
  const { fields, misfits } = readByTable(value, TRIGGER, "json");
  const build = fields.build === undefined ? {} : { build: { steps: [], ...(fields.build as object) } };
  // The table and the type name the same fields.
  return { settings: { ...fields, ...build } as TriggerSettings, misfits: misfits.map(({ message }) => message) };
}

/** Reads which revision a run is for. */
export function readRepoSource(value: unknown): {
  readonly source: RepoSource;
  readonly misfits: readonly string[];
} {
  const { fields, misfits } = readByTable(value, REPO_SOURCE, "json");
  return { source: fields as RepoSource, misfits: misfits.map(({ message }) => message) };
}
