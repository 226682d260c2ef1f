/**
 * The embedded build engine: runs build configurations by Cloud Build's rules on this machine. State is the fold of a
 * build's events (`core/build`), one driver per build performs what `decide` chooses (`build-driver.ts`). Begin with
 * `createBuildEngine`.
 */
import type { BuildConfig, BuildStatus } from "../../core/build/build-config.ts";
import { type Build, buildStatus, isEnded } from "../../core/build/state.ts";
import { applySubstitutions, type BuiltIn } from "../../core/build/substitutions.ts";
import { unsupportedFields } from "../../core/build/unsupported-fields.ts";
import { queueTtlMs, validateBuild, validateSubstituted } from "../../core/build/validate-build.ts";
import type { ActorId } from "../../core/values/ids.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { instant } from "../../core/values/time.ts";
import type { BuildDependencies } from "./build-dependencies.ts";
import { type BuildRegistry, createBuildRegistry } from "./build-registry.ts";
import { BUILD_STREAMS, beginBuild, loadBuild, openStream } from "./build-stream.ts";

/** Builds that may wait or run; more are refused. */
const MAX_OPEN_BUILDS = 200;
/** Builds that a list or a recovery looks at. */
const MAX_LISTED = 10_000;

export interface BuildSubmission {
  readonly project: string;
  readonly location: string;
  readonly config: BuildConfig;
  readonly actor: ActorId;
  /** Set by the caller of this run; wins over the file's own map. */
  readonly substitutions?: Readonly<Record<string, string>>;
}

/** Why a build was not taken. `message` is Cloud Build's own where it has one. */
export interface SubmitRefusal {
  readonly kind: "invalid" | "too-many" | "closing";
  readonly message: string;
}

export interface BuildQuery {
  readonly project?: string;
  readonly location?: string;
  /** All of them must be there. */
  readonly tags?: readonly string[];
  readonly status?: readonly BuildStatus[];
  readonly limit: number;
}

export interface BuildEngine {
  submit(submission: BuildSubmission): Promise<Result<Build, SubmitRefusal>>;
  get(id: string): Promise<Build | undefined>;
  /** Newest first. */
  list(query: BuildQuery): Promise<readonly Build[]>;
  /** Asks for the end of a build; durable when it resolves. */
  cancel(id: string, by: ActorId): Promise<"requested" | "ended" | "unknown">;
  /** Resolves with the ended build, or its present state when the signal aborts. */
  ended(id: string, signal: AbortSignal): Promise<Build | undefined>;
  /** Once at start, before anything else: takes up every build that has not ended. How many there were. */
  recover(): Promise<number>;
  /** Takes no more builds and waits until the running ones have ended, or the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
  /** Ends what runs and stops; builds that have not ended go on at the next start. */
  close(): Promise<void>;
  /** Called after the event is stored. Gives the function that takes the listener off. */
  onBuildEnded(listener: (build: Build) => void): () => void;
}

/** The engine. One per installation at a time: it is the only writer of its builds' streams. */
export function createBuildEngine(deps: BuildDependencies): BuildEngine {
  const registry = createBuildRegistry(deps);
  const closed = new AbortController();
  let isClosing = false;
  return {
    submit: async (submission) => {
      if (isClosing) return err({ kind: "closing", message: "the server is shutting down" });
      return submit(deps, registry, submission);
    },
    get: registry.get,
    list: (query) => list(deps, registry, query),
    async cancel(id, by) {
      const driver = registry.driver(id);
      if (driver === undefined) return (await registry.get(id)) === undefined ? "unknown" : "ended";
      const recorded = await driver.stream.record({ type: "cancel-requested", reason: `cancelled by ${by}` }, by);
      driver.wake();
      return recorded === "recorded" ? "requested" : "ended";
    },
    async ended(id, signal) {
      await untilEnded(registry, id, AbortSignal.any([signal, closed.signal]));
      return registry.get(id);
    },
    recover: () => recover(deps, registry),
    async drain(signal) {
      isClosing = true;
      const ids = registry.drivers().map((driver) => driver.stream.state.id);
      await Promise.all(ids.map((id) => untilEnded(registry, id, AbortSignal.any([signal, closed.signal]))));
    },
    async close() {
      isClosing = true;
      closed.abort();
      await registry.close();
    },
    onBuildEnded: registry.onBuildEnded,
  };
}

async function submit(
  deps: BuildDependencies,
  registry: BuildRegistry,
  submission: BuildSubmission,
): Promise<Result<Build, SubmitRefusal>> {
  if (registry.drivers().length >= MAX_OPEN_BUILDS) {
    return err({ kind: "too-many", message: `${MAX_OPEN_BUILDS} builds wait or run already` });
  }
  const id = deps.ids.uuid();
  const checked = checkBuild(deps, submission, id);
  if (!checked.ok) return err({ kind: "invalid", message: checked.error });
  const { project, location, actor } = submission;
  const { config, substitutions } = checked.value;
  const expiresAt = instant(deps.clock.now() + queueTtlMs(config));
  const created = { type: "build-created", build: id, project, location, config, substitutions, expiresAt } as const;
  const stream = await beginBuild(deps, created, actor);
  const build = stream.state;
  registry.drive(stream, "new");
  return ok(build);
}

async function recover(deps: BuildDependencies, registry: BuildRegistry): Promise<number> {
  await deps.executor.sweep();
  let count = 0;
  for (const name of await deps.eventLog.streams({ prefix: BUILD_STREAMS, limit: MAX_LISTED })) {
    const build = await loadBuild(deps.eventLog, name.slice(BUILD_STREAMS.length));
    if (build === undefined || isEnded(build) || registry.driver(build.id) !== undefined) continue;
    registry.drive(openStream(deps, build), "recovered");
    count++;
  }
  return count;
}

/** In Cloud Build's order: the file, then its substitutions, then what they made of it. */
function checkBuild(
  deps: BuildDependencies,
  { project, location, config, substitutions: overrides = {} }: BuildSubmission,
  id: string,
): Result<{ config: BuildConfig; substitutions: Readonly<Record<string, string>> }, string> {
  const valid = validateBuild(config, overrides);
  if (!valid.ok) return valid;
  const unsupported = unsupportedFields(config);
  if (unsupported.length > 0) return err(`this engine does not carry out ${unsupported.join(", ")}`);
  const account = config.serviceAccount ?? "";
  const builtIns: Partial<Record<BuiltIn, string>> = {
    PROJECT_ID: project,
    BUILD_ID: id,
    LOCATION: location,
    PROJECT_NUMBER: deps.projectNumber?.(project) ?? "",
    SERVICE_ACCOUNT: account,
    SERVICE_ACCOUNT_EMAIL: account.split("/").at(-1) ?? "",
  };
  const substituted = applySubstitutions({ config, builtIns, overrides, origin: "manual" });
  if (!substituted.ok) return err(substituted.complaints.join(";"));
  const after = validateSubstituted(substituted.value.config);
  if (!after.ok) return after;
  const user = Object.entries(substituted.value.values).filter(([key]) => key.startsWith("_") || key in overrides);
  return ok({ config: substituted.value.config, substitutions: Object.fromEntries(user) });
}

async function list(
  deps: BuildDependencies,
  registry: BuildRegistry,
  { project, location, tags = [], status, limit }: BuildQuery,
): Promise<readonly Build[]> {
  const found: Build[] = [];
  for (const name of await deps.eventLog.streams({ prefix: BUILD_STREAMS, limit: MAX_LISTED })) {
    if (found.length >= limit) break;
    const build = await registry.get(name.slice(BUILD_STREAMS.length));
    if (build === undefined) continue;
    if (project !== undefined && build.project !== project) continue;
    if (location !== undefined && build.location !== location) continue;
    if (status !== undefined && !status.includes(buildStatus(build))) continue;
    if (tags.every((tag) => build.config.tags?.includes(tag) === true)) found.push(build);
  }
  return found;
}

/** Resolves at once for a build that nobody drives. */
function untilEnded(registry: BuildRegistry, id: string, signal: AbortSignal): Promise<void> {
  if (registry.driver(id) === undefined || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      takeOff();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const takeOff = registry.onBuildEnded((build) => {
      if (build.id === id) done();
    });
    signal.addEventListener("abort", done);
  });
}
