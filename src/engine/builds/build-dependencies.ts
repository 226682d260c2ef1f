import type { BuildConfig } from "../../core/build/build-config.ts";
import type { StoredArtifacts } from "../../core/build/events.ts";
import type { Build } from "../../core/build/state.ts";
import type { Result } from "../../core/values/result.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { LocalImages } from "../../ports/local-images.ts";
import type { StepExecutor } from "../../ports/step-executor.ts";
import type { StepLogs } from "../../ports/step-logs.ts";

/** What the build engine is given. */
export interface BuildDependencies {
  readonly eventLog: EventLog;
  readonly executor: StepExecutor;
  readonly stepLogs: StepLogs;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Each build has the folder `<buildsDirectory>/<id>`. */
  readonly buildsDirectory: string;
  /** Variables that the engine adds beneath a step's own: PATH, the server's address, a step token. */
  readonly stepEnvironment: (request: { readonly build: Build; readonly step: number }) => Promise<StepEnvironment>;
  /** Whether the build may run on this machine at all, before anything of it does; a refusal is a line for its caller. */
  readonly admitBuild?: (build: AskedForBuild) => Promise<Result<void, string>>;
  /** A secret by its full version name, or the reason why the build may not have it. */
  readonly accessSecret: (versionName: string, build: Build) => Promise<Result<Secret, string>>;
  /** Puts the build's source into its workspace; called again after a crash in the middle. */
  readonly sourceFor?: (build: Build, workspace: string) => Promise<Result<void, string>>;
  /** Images that steps built in the Docker Engine that they share, where there is one. */
  readonly localImages?: LocalImages;
  /** Uploads `artifacts.objects`; done again after a crash in the middle. */
  readonly storeArtifacts?: (request: ArtifactsRequest) => Promise<Result<StoredArtifacts, string>>;
  /** Digest of an image that a build promised (`images`), where the registry has it. */
  readonly resolveImage?: (reference: string) => Promise<string | undefined>;
  /** The built-in PROJECT_NUMBER; empty where unknown. */
  readonly projectNumber?: (project: string) => string | undefined;
  /** How many builds run at once, others wait; default 4. */
  readonly concurrentBuilds?: number;
  /** What a step gets between SIGTERM and SIGKILL; default 10 s. */
  readonly stopGraceMs?: number;
  /** Hears of a build whose driver broke on a fault of ours; the build is taken up again, as after a restart. */
  readonly onFault?: (build: string, fault: unknown) => void;
}

/** A build that was found good and is not made yet. */
export interface AskedForBuild {
  readonly project: string;
  readonly config: BuildConfig;
}

export interface ArtifactsRequest {
  readonly build: Build;
  readonly workspace: string;
  readonly onLine: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Values in `secretEnv` are hidden in the step's output. */
export interface StepEnvironment {
  readonly env: Readonly<Record<string, string>>;
  readonly secretEnv: Readonly<Record<string, Secret>>;
}
