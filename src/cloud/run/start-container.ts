import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NonEmpty } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Ids } from "../../ports/clock.ts";
import type { ExitRecord, ProcessSpec, RunningProcess, Supervisor } from "../../ports/processes.ts";
import type { InstanceLog, InstanceLogs } from "./instance-logs.ts";
import { type AccessSecret, instanceSpec, resolveSecrets } from "./instance-spec.ts";
import type { JsonObject } from "./read-json.ts";
import type { Place } from "./resources.ts";

/** Folders of homes; an instance's own goes with it, those that a crash left go at the next start. */
export const HOMES = "homes";

/** An image's files on disk, and how it says that it is run. */
export interface UnpackedImage {
  readonly directory: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly workingDirectory: string;
}

export interface ContainerDependencies {
  readonly supervisor: Supervisor;
  readonly unpackImage: (reference: string) => Promise<UnpackedImage>;
  readonly accessSecret: AccessSecret;
  readonly logs: InstanceLogs;
  readonly ids: Ids;
  /** Takes home folders. */
  readonly directory: string;
  /** `PATH` where the container declares none. */
  readonly path: string;
}

/** What is to be run: the first container of a template. */
export interface ContainerRequest extends Place {
  /** Of a revision or a job: names its logs. */
  readonly name: string;
  readonly template: JsonObject;
  /** What Cloud Run itself adds; it wins over what is declared. */
  readonly env: Readonly<Record<string, string>>;
}

/** A container's process. */
export interface Container {
  readonly process: RunningProcess;
  readonly log: InstanceLog;
  /** How it ended, in words: `exit code 3`. Never rejects. */
  readonly ended: Promise<{ readonly isSuccess: boolean; readonly how: string }>;
}

/** Why there is no process: `reason` is one of the API's, `message` is for people. */
export interface StartFailure {
  readonly reason: "HEALTH_CHECK_CONTAINER_ERROR" | "SECRETS_ACCESS_CHECK_FAILED" | "CONTAINER_MISSING" | "INTERNAL";
  readonly message: string;
}

/** Starts a container as a process with exactly the environment that is declared. It may have ended at once. */
export async function startContainer(
  request: ContainerRequest,
  deps: ContainerDependencies,
  signal: AbortSignal,
): Promise<Result<Container, StartFailure>> {
  const spec = instanceSpec(request.template, request.project);
  const secrets = await resolveSecrets(spec, request.project, deps.accessSecret);
  if (!secrets.ok) return err({ reason: "SECRETS_ACCESS_CHECK_FAILED", message: secrets.error });
  const image = await unpack(spec.image, deps);
  if (!image.ok) return image;
  const [program, ...rest] = spec.command.length > 0 ? spec.command : image.value.command;
  if (program === undefined) {
    const message = `Neither container nor image of ${request.name} names a command.`;
    return err({ reason: "HEALTH_CHECK_CONTAINER_ERROR", message });
  }
  if (signal.aborted) return err({ reason: "INTERNAL", message: `${request.name} was stopped before it started.` });
  const declared = { ...image.value.env, ...spec.env };
  const revealed = Object.fromEntries([...secrets.value].map(([name, secret]) => [name, secret.reveal()]));
  const argv: NonEmpty<string> = [program, ...rest, ...spec.args];
  const env = { ...declared, ...revealed, ...request.env };
  const mask = [...secrets.value.values()];
  return ok(await launch({ ...request, env }, { argv, cwd: image.value.workingDirectory, mask }, deps));
}

async function unpack(
  reference: string,
  { unpackImage }: ContainerDependencies,
): Promise<Result<UnpackedImage, StartFailure>> {
  try {
    return ok(await unpackImage(reference));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err({ reason: "CONTAINER_MISSING", message: `Image '${reference}' cannot be used: ${why}` });
  }
}

async function launch(
  request: ContainerRequest,
  program: Pick<Required<ProcessSpec>, "argv" | "cwd" | "mask">,
  { supervisor, directory, logs, path, ids }: ContainerDependencies,
): Promise<Container> {
  const name = fileName(request);
  const log = await logs.open(name);
  const homes = join(directory, HOMES);
  await mkdir(homes, { recursive: true, mode: 0o700 });
  const home = await mkdtemp(join(homes, "home-"));
  const forget = () => {
    log.close();
    return rm(home, { recursive: true, force: true }).catch(() => undefined);
  };
  try {
    const env = { PATH: path, HOME: home, ...request.env };
    const id = `${name}.${ids.randomHex(4)}`;
    const process = await supervisor.start({ ...program, id, env, logPath: log.path });
    const ended = process.exited.then(endOf, () => ({ isSuccess: false, how: "the supervisor ended" }));
    void ended.then(forget);
    return { process, log, ended };
  } catch (error) {
    await forget();
    throw error;
  }
}

function endOf({ outcome }: ExitRecord): { readonly isSuccess: boolean; readonly how: string } {
  switch (outcome.kind) {
    case "exited":
      return { isSuccess: outcome.code === 0, how: `exit code ${outcome.code}` };
    case "signalled":
      return { isSuccess: false, how: `signal ${outcome.signal}` };
    case "not-started":
      return { isSuccess: false, how: `it could not be started, ${outcome.reason}` };
  }
}

/** Services of different places have different logs. */
function fileName({ project, location, name }: ContainerRequest): string {
  return `${project}.${location}.${name}`.replace(/[^a-zA-Z0-9._-]/g, "_");
}
