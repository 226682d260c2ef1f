import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { NonEmpty } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { ExitRecord, RunningProcess, Supervisor } from "../../ports/processes.ts";
import { type AccessSecret, type InstanceSpec, instanceSpec, resolveSecrets } from "./instance-spec.ts";
import { becomesReady, freePort, lastLines } from "./readiness.ts";
import type { StoredRevision } from "./resources.ts";

/** What SIGTERM gives an instance to end by itself, as Cloud Run does. */
export const STOP_GRACE_MS = 10_000;

/** An image's files on disk, and how it says that it is run. */
export interface UnpackedImage {
  readonly directory: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly workingDirectory: string;
}

export interface InstanceDependencies {
  readonly supervisor: Supervisor;
  readonly unpackImage: (reference: string) => Promise<UnpackedImage>;
  readonly accessSecret: AccessSecret;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Takes logs and home folders. */
  readonly directory: string;
  /** `PATH` of instances. */
  readonly path: string;
}

/** A ready instance. */
export interface Instance {
  readonly port: number;
  readonly process: RunningProcess;
}

/** Why there is no instance: `reason` is one of the API's, `message` is for people. */
export interface StartFailure {
  readonly reason: "HEALTH_CHECK_CONTAINER_ERROR" | "SECRETS_ACCESS_CHECK_FAILED" | "CONTAINER_MISSING" | "INTERNAL";
  readonly message: string;
}

/**
 * Starts one instance and waits until it is ready. One that ends before is a failure at once; one that is not ready in
 * time, or whose signal aborts, is stopped.
 */
export async function startInstance(
  revision: StoredRevision,
  deps: InstanceDependencies,
  signal: AbortSignal,
): Promise<Result<Instance, StartFailure>> {
  const spec = instanceSpec(revision.template, revision.project);
  const secrets = await resolveSecrets(spec.secrets, deps.accessSecret);
  if (!secrets.ok) return err({ reason: "SECRETS_ACCESS_CHECK_FAILED", message: secrets.error });
  const image = await unpack(spec.image, deps);
  if (!image.ok) return image;
  const [program, ...rest] = spec.command.length > 0 ? spec.command : image.value.command;
  if (program === undefined) return failed(revision, "Neither the container nor its image names a command.", []);
  const argv: NonEmpty<string> = [program, ...rest, ...spec.args];
  return run(revision, { spec, secrets: secrets.value, image: image.value, argv }, deps, signal);
}

async function unpack(
  reference: string,
  { unpackImage }: InstanceDependencies,
): Promise<Result<UnpackedImage, StartFailure>> {
  try {
    return ok(await unpackImage(reference));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err({ reason: "CONTAINER_MISSING", message: `Image '${reference}' cannot be used: ${why}` });
  }
}

interface Prepared {
  readonly spec: InstanceSpec;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly image: UnpackedImage;
  readonly argv: NonEmpty<string>;
}

async function run(
  revision: StoredRevision,
  { spec, secrets, image, argv }: Prepared,
  { supervisor, directory, path, clock, ids }: InstanceDependencies,
  signal: AbortSignal,
): Promise<Result<Instance, StartFailure>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const logPath = join(directory, `${fileName(revision)}.log`);
  const logOffset = await stat(logPath).then(
    ({ size }) => size,
    () => 0,
  );
  const home = await mkdtemp(join(directory, "home-"));
  const port = await freePort();
  const env = {
    ...image.env,
    ...spec.env,
    ...Object.fromEntries([...secrets].map(([name, secret]) => [name, secret.reveal()])),
    PORT: String(port),
    K_SERVICE: revision.service,
    K_REVISION: revision.revision,
    K_CONFIGURATION: revision.service,
    PATH: path,
    HOME: home,
  };
  const id = `${fileName(revision)}.${ids.randomHex(4)}`;
  const mask = [...secrets.values()];
  const process = await supervisor.start({ id, argv, cwd: image.workingDirectory, env, logPath, mask });
  const gone = new AbortController();
  const exited = process.exited.then(outcomeText, () => "the supervisor ended");
  void exited.then(() => {
    gone.abort();
    return rm(home, { recursive: true, force: true });
  });
  const isReady = await becomesReady(
    { port, probe: spec.probe },
    { clock, signal: AbortSignal.any([signal, gone.signal]) },
  );
  if (isReady) return ok({ port, process });
  const hasEnded = gone.signal.aborted;
  if (!hasEnded) await process.stop(signal.aborted ? 0 : STOP_GRACE_MS).catch(() => undefined);
  const how = hasEnded ? `The container ended before it was ready: ${await exited}.` : lateText(spec, signal);
  return failed(revision, how, await lastLines(logPath, logOffset));
}

function lateText({ probe }: InstanceSpec, signal: AbortSignal): string {
  if (signal.aborted) return "It was stopped before it was ready.";
  const what =
    probe.path === undefined ? "listen on the port defined by PORT" : `answer its startup probe ${probe.path}`;
  return `The container did not ${what} within ${Math.round(probe.withinMs / 1_000)} s.`;
}

function failed(revision: StoredRevision, how: string, log: readonly string[]): Result<never, StartFailure> {
  const head = `Revision '${revision.revision}' is not ready and cannot serve traffic. ${how}`;
  const message = log.length === 0 ? `${head} It wrote no log.` : `${head} Last lines of its log:\n${log.join("\n")}`;
  return err({ reason: "HEALTH_CHECK_CONTAINER_ERROR", message });
}

function outcomeText({ outcome }: ExitRecord): string {
  switch (outcome.kind) {
    case "exited":
      return `exit code ${outcome.code}`;
    case "signalled":
      return `signal ${outcome.signal}`;
    case "not-started":
      return `it could not be started, ${outcome.reason}`;
  }
}

/** Services of different places have different logs. */
function fileName({ project, location, revision }: StoredRevision): string {
  return `${project}.${location}.${revision}`.replace(/[^a-zA-Z0-9._-]/g, "_");
}
