/**
 * The platform: the catalogue that `mobius.yaml` holds, parsed and checked. A module, its repository, its directory, its
 * image and its service are five different things; this is where each says what it belongs to. Pure values. Begin with
 * `Platform`.
 */
import type { NonEmpty } from "../values/problem.ts";

/** The platform file's name; the folder that holds it is the umbrella. */
export const PLATFORM_FILE = "mobius.yaml";

export interface Platform {
  readonly name: string;
  readonly git: GitSettings;
  readonly modules: Readonly<Record<string, Module>>;
  readonly images: Readonly<Record<string, ImageEntry>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly flags: Readonly<Record<string, FlagDefinition>>;
  readonly overrides: Readonly<Record<string, OverrideDefinition>>;
  /** Checks of the whole set; each service may add its own. */
  readonly checks: readonly Check[];
  readonly notifications: Notifications;
}

export interface GitSettings {
  /** The umbrella's origin; `undefined` where the umbrella is only a local folder. */
  readonly umbrella?: string;
  readonly credentials?: GitCredentials;
  /** The branch that takes pinned manifests, logs and the checklist. */
  readonly writeBack: { readonly kind: "branch"; readonly branch: string } | { readonly kind: "none" };
}

export type GitCredentials =
  | { readonly kind: "token"; readonly secret: string }
  | { readonly kind: "ssh-key"; readonly secret: string; readonly knownHosts: string }
  | { readonly kind: "github-app"; readonly appId: string; readonly installationId: string; readonly secret: string };

/** A unit of source with one commit in a manifest. */
export interface Module {
  readonly name: string;
  /** Where its source is: a repository of its own, or the umbrella itself (its commit is then the umbrella's). */
  readonly source: { readonly kind: "repository"; readonly url: string } | { readonly kind: "umbrella" };
  /** Where it stands in the umbrella, `.` for the umbrella itself; forward slashes, no leading or trailing one. */
  readonly path: string;
  /** Other source that its builds read. */
  readonly inputs: readonly ModuleInput[];
  /** A script of its own that replaces build and deploy, relative to the module. */
  readonly script?: string;
  readonly migrations?: ModuleMigrations;
}

export type ModuleInput =
  | { readonly kind: "module"; readonly module: string }
  | { readonly kind: "umbrella"; readonly path: string };

export type MigrationKind = "sql" | "alembic" | "python" | "script";

export interface ModuleMigrations {
  readonly database: string;
  /** The kinds that the module uses; the first is the kind of a bare name. */
  readonly kinds: NonEmpty<MigrationKind>;
  /** Where bare names are looked up, relative to the module. */
  readonly directory: string;
  readonly when: "before" | "afterSoak";
}

/** A manifest's image key: built itself, or another key's artifact. */
export type ImageEntry = BuiltImage | { readonly kind: "same-as"; readonly name: string; readonly image: string };

export interface BuiltImage {
  readonly kind: "built";
  readonly name: string;
  readonly module: string;
  /** Repository name in the environment's registry; the image key where the platform file says nothing else. */
  readonly repository: string;
  readonly build: ImageBuild;
}

export type ImageBuild =
  | {
      readonly kind: "dockerfile";
      /** Relative to the context. */
      readonly dockerfile: string;
      /** A folder of the module, or the whole umbrella. */
      readonly context: { readonly kind: "module"; readonly path: string } | { readonly kind: "umbrella" };
    }
  | {
      readonly kind: "source";
      /** Files, folders or globs (`*`, `**`) of the module that go into the image; relative to the module. */
      readonly include: NonEmpty<string>;
      /** What the image runs unless the service says otherwise. */
      readonly command: NonEmpty<string>;
    };

export interface Service {
  readonly name: string;
  readonly image: string;
  readonly role: "api" | "worker" | "job";
  readonly run: RunSettings;
  /** Expressions: `${services.X.url}/path`, `${databases.X.url}`, `${overrides.x}`, `${flags.x}`, or plain text. */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretReference>>;
  readonly health: Health;
  /** How many connections one instance may open to each of its databases; undefined where nobody said. */
  readonly pool?: number;
  /** How a worker may run beside the live one; a worker without it does not start before the shift. */
  readonly rehearsal?: { readonly env: Readonly<Record<string, string>> };
  readonly checks: readonly Check[];
}

/** The names of `gcloud run deploy`'s flags in camelCase. */
export interface RunSettings {
  readonly port: number;
  /** Kubernetes quantity, such as `512Mi`. */
  readonly memory: string;
  /** Number of processors. */
  readonly cpu: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  readonly cpuThrottling: boolean;
  readonly cloudsqlInstances: readonly string[];
  readonly allowUnauthenticated: boolean;
  readonly command?: NonEmpty<string>;
  readonly args?: readonly string[];
}

export interface SecretReference {
  readonly secret: string;
  /** A version number, or `latest`, which a plan pins. */
  readonly version: string;
}

export interface Health {
  /** Path that answers 2xx when the service is well. */
  readonly path: string;
  /** How long a new instance may take until it answers. */
  readonly startupSeconds: number;
}

export type Check = HttpCheck | RoundTripCheck;

interface CheckLimits {
  /** Where the check stands in the platform file, such as `services.mobius-rag.checks[0]`. */
  readonly name: string;
  /** Tries before the verdict, at least 1. */
  readonly tries: number;
  readonly withinMs: number;
}

export interface HttpCheck extends CheckLimits {
  readonly kind: "http";
  /** An expression for the address. */
  readonly url: string;
  readonly expect: {
    readonly status: number;
    /** JSON path (`services.*.status`; `*` is every member) → value that must stand there. */
    readonly json: Readonly<Record<string, string | number | boolean>>;
    /** Text that the body contains. */
    readonly body?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly latencyMs?: number;
  };
}

export interface RoundTripCheck extends CheckLimits {
  readonly kind: "round-trip";
  /** Expression for the address that takes the work (POST, empty JSON object). */
  readonly post: string;
  /** Path polled on the same origin; `{field}` is a field of the POST's JSON answer. */
  readonly poll: string;
  readonly until: { readonly json: string; readonly equals: string | number | boolean };
}

export interface Environment {
  readonly name: string;
  readonly project: string;
  /** Other names of the environment and of its project: rewritten to the right ones, shown in the plan. */
  readonly aliases: { readonly names: readonly string[]; readonly projects: readonly string[] };
  readonly region: string;
  readonly cloud: "embedded" | "google";
  /** How an embedded environment runs services. */
  readonly runtime: "auto" | "docker" | "oci" | "process";
  /** Such as `gcr.io/mobius-staging`. */
  readonly registry: string;
  /** Service account names without domain. */
  readonly identities: {
    readonly build: string;
    readonly deploy: string;
    readonly migrate: string;
    readonly runtime: string;
  };
  readonly databases: Readonly<Record<string, DatabaseSettings>>;
  /** Override → its value in this environment: what a manifest that is promoted to it gets. */
  readonly overrides?: Readonly<Record<string, string>>;
  readonly boundary: { readonly owns: readonly string[]; readonly shares: readonly string[] };
  readonly policies: Policies;
}

export interface DatabaseSettings {
  readonly name: string;
  readonly user: string;
  /** Name of the secret that holds the password. */
  readonly passwordSecret: string;
  /** How many connections it takes, where that is less than its server's; undefined where nobody said. */
  readonly maxConnections?: number;
}

export interface Policies {
  readonly promoteFrom?: string;
  readonly approvals?: { readonly count: number; readonly from: NonEmpty<string>; readonly expiresMs: number };
  readonly freezes: readonly {
    readonly name: string;
    readonly from: string;
    readonly until: string;
    readonly zone: string;
  }[];
  readonly soakMs: number;
  /** The rows of the checklist that people answer for are ticked before a release begins. */
  readonly checklist?: "complete";
  readonly queue: "all" | "newest";
  readonly rehearsal: boolean;
  readonly canary?: Canary;
  readonly retention?: { readonly releases?: number; readonly backupsMs?: number; readonly imagesMs?: number };
}

export interface Canary {
  readonly services: NonEmpty<string>;
  readonly steps: NonEmpty<{ readonly percent: number; readonly bakeMs: number }>;
  readonly gates: {
    readonly errorRatePercent?: number;
    readonly latencyP95Ratio?: number;
    readonly minRequests: number;
  };
}

export interface FlagDefinition {
  readonly name: string;
  readonly type: "boolean";
}

export interface OverrideDefinition {
  readonly name: string;
  readonly type: "string" | "url" | "bucket" | "number" | "boolean";
}

export interface Notifications {
  readonly slack?: {
    readonly webhookSecret: string;
    readonly on: readonly NotifiedMoment[];
    readonly environments: readonly string[];
  };
  readonly email?: {
    readonly smtpSecret: string;
    readonly from: string;
    readonly to: NonEmpty<string>;
    readonly on: readonly NotifiedMoment[];
  };
}

export type NotifiedMoment = "started" | "waiting" | "succeeded" | "failed" | "rolledBack" | "drift";

/** The image that is really built for a manifest's image key. Throws RangeError for a key that the platform lacks. */
export function artifactOf(platform: Platform, imageName: string): BuiltImage {
  const entry = platform.images[imageName];
  if (entry === undefined) throw new RangeError(`no image ${imageName}`);
  return entry.kind === "built" ? entry : artifactOf(platform, entry.image);
}

/** Whether people or another environment stand before releases to it: code of a repository then runs only where it is kept in. */
export function isProtected({ policies }: Environment): boolean {
  return policies.promoteFrom !== undefined || policies.approvals !== undefined;
}

/** Full address of one of the environment's service accounts: `name@project.iam.gserviceaccount.com`. */
export function serviceAccount(environment: Environment, identity: keyof Environment["identities"]): string {
  return `${environment.identities[identity]}@${environment.project}.iam.gserviceaccount.com`;
}
