import type { StoredArtifacts } from "../../core/build/events.ts";
import { promisedImages } from "../../core/build/step-context.ts";
import type { Result } from "../../core/values/result.ts";
import { err, ok } from "../../core/values/result.ts";
import type { BuildLog } from "../../ports/step-logs.ts";
import type { BuildDependencies } from "./build-dependencies.ts";
import { type Driving, openLog, unlessEnding } from "./driving.ts";

type PushedImages = readonly { readonly name: string; readonly digest: string }[];

/** What a build left behind: images by digest, files. */
export interface BuildResults {
  readonly images: PushedImages;
  readonly artifacts?: StoredArtifacts;
}

/**
 * All steps have passed. What the build promised to leave must be there, and be put where it belongs, before it may say
 * SUCCESS; images first, then files, as on Cloud Build. Undefined where the build does not end well after all: the reason
 * is on record then. A repetition after a crash pushes again what was pushed already, which changes nothing.
 */
export async function leaveResults(driving: Driving): Promise<BuildResults | undefined> {
  const { stream, deps } = driving;
  const { config } = stream.state;
  const names = promisedImages(config);
  const objects = config.artifacts?.objects;
  if (names.length === 0 && objects === undefined) return { images: [] };
  const located = await locate(deps, names);
  const missing = located.filter(({ digest, isLocal }) => digest === undefined && !isLocal);
  if (missing.length > 0) {
    await stream.record({ type: "images-missing", images: missing.map(({ name }) => name) });
    return undefined;
  }
  const log = await openLog(driving);
  const isRepeated = stream.state.stage.name === "working" && stream.state.stage.pushAt !== undefined;
  if (!isRepeated) await log.line("PUSH");
  await stream.record({ type: "push-started" });
  const left = await unlessEnding(driving, (signal) => leave(driving, located, log, signal));
  if (left === "ending") return undefined;
  if (left.ok) return left.value;
  await stream.record({ type: "push-failed", reason: left.error });
  return undefined;
}

interface Located {
  readonly name: string;
  /** Where the registry has it already. */
  readonly digest: string | undefined;
  readonly isLocal: boolean;
}

function locate(deps: BuildDependencies, names: readonly string[]): Promise<readonly Located[]> {
  return Promise.all(
    names.map(async (name) => {
      const isLocal = (await deps.localImages?.has(name)) === true;
      return { name, isLocal, digest: isLocal ? undefined : await deps.resolveImage?.(name) };
    }),
  );
}

async function leave(
  driving: Driving,
  images: readonly Located[],
  log: BuildLog,
  signal: AbortSignal,
): Promise<Result<BuildResults, string>> {
  const { deps, stream, session } = driving;
  const pushed: { name: string; digest: string }[] = [];
  let lines: Promise<void> = Promise.resolve();
  const onLine = (text: string) => {
    lines = lines.then(() => log.line(text));
  };
  for (const { name, digest } of images) {
    onLine(`Pushing ${name}`);
    const at = digest === undefined ? await deps.localImages?.push(name, { onLine, signal }) : ok(digest);
    if (at === undefined || !at.ok)
      return err(`error pushing image ${JSON.stringify(name)}: ${at?.error ?? "not there"}`);
    pushed.push({ name, digest: at.value });
  }
  if (stream.state.config.artifacts?.objects === undefined) {
    await lines;
    return ok({ images: pushed });
  }
  const stored = await storeArtifacts(driving, session?.workspace, { onLine, signal });
  await lines;
  return stored.ok ? ok({ images: pushed, artifacts: stored.value }) : stored;
}

async function storeArtifacts(
  { deps, stream, directory }: Driving,
  workspace: string | undefined,
  options: { readonly onLine: (text: string) => void; readonly signal: AbortSignal },
): Promise<Result<StoredArtifacts, string>> {
  if (deps.storeArtifacts === undefined) return err("this engine has no place for artifacts");
  return deps.storeArtifacts({ build: stream.state, workspace: workspace ?? `${directory}/workspace`, ...options });
}
