import type { BuildConfig, BuildStatus } from "../core/build/build-config.ts";
import type { Problem } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";

/** What the engine needs to know of a build. */
export interface ObservedBuild {
  readonly id: string;
  readonly status: BuildStatus;
  readonly tags: readonly string[];
  readonly logUrl: string;
  /** Cloud Build's own sentence, such as `Build step failure: …`; empty while all is well. */
  readonly statusDetail: string;
  /** Names of the steps that failed or ran out of time. */
  readonly failedSteps: readonly string[];
  readonly substitutions: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
}

/** Cloud Build of one environment, embedded or Google's. A build is recognised by its tags: ask before you repeat. */
export interface Builds {
  submit(config: BuildConfig): Promise<Result<ObservedBuild, Problem>>;
  get(id: string): Promise<ObservedBuild | undefined>;
  /** The newest build that carries the tag. */
  findByTag(tag: string): Promise<ObservedBuild | undefined>;
  /** Asks for the end of a build; nothing happens when it has ended. */
  cancel(id: string): Promise<void>;
}
