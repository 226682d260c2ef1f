import type { BuildConfig } from "../build/build-config.ts";
import { BUILD, FIELD } from "../build/build-schema.ts";
import { readByTable } from "../build/read-build.ts";
import type { Instant } from "../values/time.ts";

/** What people say of a trigger. Facts: Google's proto `google.devtools.cloudbuild.v1.BuildTrigger` and its REST form. */
export interface TriggerSettings {
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly disabled?: boolean;
  readonly substitutions?: Readonly<Record<string, string>>;
  /** CEL over the names of substitutions: what does not fit makes no build. */
  readonly filter?: string;
  readonly serviceAccount?: string;
  readonly sourceToBuild?: { readonly uri?: string; readonly repository?: string; readonly ref?: string };
  readonly approvalConfig?: { readonly approvalRequired?: boolean };
  readonly webhookConfig?: { readonly secret?: string };
  readonly pubsubConfig?: { readonly topic?: string };
  readonly triggerTemplate?: RepoSource;
  readonly build?: BuildConfig;
  readonly filename?: string;
  readonly gitFileSource?: {
    readonly path?: string;
    readonly uri?: string;
    readonly repository?: string;
    readonly revision?: string;
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

const { string, boolean, map, output, opaque, list, message, choice } = FIELD;

const REPO_TYPE = choice("GitFileSource_RepoType", {
  UNKNOWN: 0,
  CLOUD_SOURCE_REPOSITORIES: 1,
  GITHUB: 2,
  BITBUCKET_SERVER: 3,
  GITLAB: 4,
});
const STATE = choice("State", { STATE_UNSPECIFIED: 0, OK: 1, SECRET_DELETED: 2, SUBSCRIPTION_DELETED: 2 });

const REPO_SOURCE = message("RepoSource", {
  projectId: string,
  repoName: string,
  branchName: string,
  tagName: string,
  commitSha: string,
  dir: string,
  invertRegex: boolean,
  substitutions: map,
});

/** A trigger: the body of a create call. What nothing here acts on yet is kept as it stands. */
const TRIGGER = message("BuildTrigger", {
  resourceName: string,
  id: string,
  createTime: output,
  name: string,
  description: string,
  tags: list(string),
  disabled: boolean,
  substitutions: map,
  ignoredFiles: list(string),
  includedFiles: list(string),
  filter: string,
  serviceAccount: string,
  eventType: opaque,
  includeBuildLogs: opaque,
  approvalConfig: message("ApprovalConfig", { approvalRequired: boolean }),
  sourceToBuild: message("GitRepoSource", {
    uri: string,
    repository: string,
    ref: string,
    repoType: REPO_TYPE,
    githubEnterpriseConfig: string,
    bitbucketServerConfig: string,
  }),
  triggerTemplate: REPO_SOURCE,
  github: opaque,
  pubsubConfig: message("PubsubConfig", {
    subscription: output,
    topic: string,
    serviceAccountEmail: string,
    state: STATE,
  }),
  webhookConfig: message("WebhookConfig", { secret: string, state: STATE }),
  repositoryEventConfig: opaque,
  bitbucketServerTriggerConfig: opaque,
  gitlabEnterpriseEventsConfig: opaque,
  developerConnectEventConfig: opaque,
  autodetect: boolean,
  build: BUILD,
  filename: string,
  gitFileSource: message("GitFileSource", {
    path: string,
    uri: string,
    repository: string,
    repoType: REPO_TYPE,
    revision: string,
    githubEnterpriseConfig: string,
    bitbucketServerConfig: string,
  }),
});

/** Reads a trigger from the API: its settings, or what does not fit. */
export function readTrigger(value: unknown): {
  readonly settings: TriggerSettings;
  readonly misfits: readonly string[];
} {
  const { fields, misfits } = readByTable(value, TRIGGER, "json");
  const { id: _, resourceName: __, ...settings } = fields;
  const build = settings.build === undefined ? {} : { build: { steps: [], ...(settings.build as object) } };
  // The table and the type name the same fields.
  return { settings: { ...settings, ...build } as TriggerSettings, misfits: misfits.map(({ message: text }) => text) };
}

/** Reads which revision a run is for. */
export function readRepoSource(value: unknown): {
  readonly source: RepoSource;
  readonly misfits: readonly string[];
} {
  const { fields, misfits } = readByTable(value, REPO_SOURCE, "json");
  return { source: fields as RepoSource, misfits: misfits.map(({ message: text }) => text) };
}
