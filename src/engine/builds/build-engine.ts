/**
 * The embedded build engine: runs build configurations by Cloud Build's rules on this machine. State is the fold of a
 * build's events (`core/build`), one driver per build performs what `decide` chooses (`build-driver.ts`). Begin with
 * `createBuildEngine`.
 */
import { type Build, isEnded } from "../../core/build/state.ts";
import { queueTtlMs } from "../../core/build/validate-build.ts";
import type { ActorId } from "../../core/values/ids.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { instant } from "../../core/values/time.ts";
import type { BuildDependencies } from "./build-dependencies.ts";
import { type BuildRegistry, createBuildRegistry } from "./build-registry.ts";
import { BUILD_STREAMS, beginBuild, loadBuild, openStream } from "./build-stream.ts";
import { type BuildSubmission, checkSubmission } from "./check-submission.ts";

export type { BuildSubmission } from "./check-submission.ts";

/** Builds that may wait or run; more are refused. */
const MAX_OPEN_BUILDS = 200;
/** How long a build waits for an approval: Google's two months, after which it cannot be decided any more. */
const APPROVAL_MS = 60 * 24 * 3_600_000;
/** Builds that a list or a recovery looks at. */
const MAX_LISTED = 10_000;

export interface ApprovalDecision {
  readonly id: string;
  readonly decision: "APPROVED" | "REJECTED";
  readonly by: ActorId;
  readonly comment?: string;
  readonly url?: string;
}

/** Why a build was not taken. `message` is Cloud Build's own where it has one. */
export interface SubmitRefusal {
  readonly kind: "invalid" | "too-many" | "closing";
  readonly message: string;
}

export interface BuildQuery {
  readonly project?: string;
  readonly location?: string;
  readonly matches?: (build: Build) => boolean;
  readonly limit: number;
}

export interface BuildEngine {
  submit(submission: BuildSubmission): Promise<Result<Build, SubmitRefusal>>;
  get(id: string): Promise<Build | undefined>;
  /** Newest first. */
  list(query: BuildQuery): Promise<readonly Build[]>;
  /** Asks for the end of a build; durable when it resolves. A reason of its own ends the log. */
  cancel(id: string, by: ActorId, reason?: string): Promise<"requested" | "ended" | "unknown">;
  /** Decides about a build that waits for an approval; durable when it resolves. */
  approve(decision: ApprovalDecision): Promise<"decided" | "not-pending" | "unknown">;
  /** A new build of what an earlier one was asked for; one of a trigger keeps the very revision. */
  retry(id: string, by: ActorId): Promise<Result<Build, SubmitRefusal> | "unknown">;
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
  const once = createOnce<Result<Build, SubmitRefusal>>();
  let isClosing = false;
  return {
    submit: async (submission) => {
      if (isClosing) return err({ kind: "closing", message: "the server is shutting down" });
      return once(submission.id, () => submit(deps, registry, submission));
    },
    get: registry.get,
    list: (query) => list(deps, registry, query),
    async cancel(id, by, reason) {
      const driver = registry.driver(id);
      if (driver === undefined) return (await registry.get(id)) === undefined ? "unknown" : "ended";
      const why = reason === undefined ? { reason: `cancelled by ${by}` } : { reason, logLine: reason };
      const recorded = await driver.stream.record({ type: "cancel-requested", ...why }, by);
      driver.wake();
      return recorded === "recorded" ? "requested" : "ended";
    },
    async ended(id, signal) {
      await untilEnded(registry, id, AbortSignal.any([signal, closed.signal]));
      return registry.get(id);
    },
    approve: (decision) => approve(deps, registry, decision),
    async retry(id, by) {
      const build = await registry.get(id);
      if (build === undefined) return "unknown";
      if (isClosing) return err({ kind: "closing", message: "the server is shutting down" });
      const { project, location } = build;
      const asked = build.asked ?? { config: build.config, substitutions: {} };
      return submit(deps, registry, { project, location, actor: by, ...asked });
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

/** Calls with the same key at the same time are one call. */
function createOnce<T>(): (key: string | undefined, call: () => Promise<T>) => Promise<T> {
  const under = new Map<string, Promise<T>>();
  return (key, call) => {
    if (key === undefined) return call();
    const running = under.get(key) ?? call().finally(() => under.delete(key));
    under.set(key, running);
    return running;
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
  const id = submission.id ?? deps.ids.uuid();
  const known = submission.id === undefined ? undefined : await registry.get(id);
  if (known !== undefined) return ok(known);
  const checked = checkSubmission(deps, submission, id);
  if (!checked.ok) return err({ kind: "invalid", message: checked.error });
  const { project, location, actor, trigger } = submission;
  const { config, substitutions } = checked.value;
  const admitted = await deps.admitBuild?.({ project, config });
  if (admitted?.ok === false) return err({ kind: "invalid", message: admitted.error });
  const stream = await beginBuild(
    deps,
    {
      type: "build-created",
      build: id,
      project,
      location,
      config,
      substitutions,
      expiresAt: instant(deps.clock.now() + (trigger?.needsApproval === true ? APPROVAL_MS : queueTtlMs(config))),
      asked: {
        config: submission.config,
        substitutions: submission.substitutions ?? {},
        ...(trigger === undefined ? {} : { trigger }),
      },
      ...(trigger?.needsApproval === true ? { needsApproval: true } : {}),
    },
    actor,
  );
  const build = stream.state;
  registry.drive(stream, "new");
  return ok(build);
}

async function approve(
  deps: BuildDependencies,
  registry: BuildRegistry,
  { id, decision, by, comment, url }: ApprovalDecision,
): Promise<"decided" | "not-pending" | "unknown"> {
  const driver = registry.driver(id);
  if (driver === undefined) return (await registry.get(id)) === undefined ? "unknown" : "not-pending";
  const { stream } = driver;
  if (stream.state.stage.name !== "pending") return "not-pending";
  const said = { ...(comment === undefined ? {} : { comment }), ...(url === undefined ? {} : { url }) };
  const expiresAt = instant(deps.clock.now() + queueTtlMs(stream.state.config));
  const recorded = await stream.record(
    { type: "approval-decided", decision, approver: by.slice(by.indexOf(":") + 1), ...said, expiresAt },
    by,
  );
  driver.wake();
  return recorded === "recorded" ? "decided" : "not-pending";
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

async function list(
  deps: BuildDependencies,
  registry: BuildRegistry,
  { project, location, matches, limit }: BuildQuery,
): Promise<readonly Build[]> {
  const found: Build[] = [];
  for (const name of await deps.eventLog.streams({ prefix: BUILD_STREAMS, limit: MAX_LISTED })) {
    if (found.length >= limit) break;
    const build = await registry.get(name.slice(BUILD_STREAMS.length));
    if (build === undefined) continue;
    if (project !== undefined && build.project !== project) continue;
    if (location !== undefined && build.location !== location) continue;
    if (matches === undefined || matches(build)) found.push(build);
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
