/**
 * Runs steps in containers without a daemon: images from a registry, unpacked once, each step over an overlay of its own
 * (`containers.ts`). Begin with `createOciExecutor`.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { NonEmpty } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { ContainerImage, ContainerImages } from "../../ports/container-images.ts";
import type { RunningProcess, Supervisors } from "../../ports/processes.ts";
import type { RunningStep, StepEnd, StepExecutor, StepOrder, StepSession } from "../../ports/step-executor.ts";
import { type EnclosedSupervisor, type NetworkOptions, networkGap, openEnclosed } from "./build-boundary.ts";
import { containerBinds, containerEnvironment } from "./container-parts.ts";
import { type Containers, makeLayer, removeLayer } from "./containers.ts";
import { findProgram, type ImageFiles, isPlain, userOf } from "./image-files.ts";
import type { Bind } from "./sandbox.ts";
import { recordedEnd, stepEnd } from "./step-end.ts";
import { secretsOf } from "./step-environment.ts";
import { type BuildFolders, buildFolders, interpreterOf, makeBuildFolders, processId, SCRIPT } from "./step-folders.ts";
import { takeOutput } from "./step-output.ts";

/** What an image without a PATH has, as Docker gives it. */
const CONTAINER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface OciExecutorOptions {
  readonly supervisors: Supervisors;
  readonly containers: Containers;
  readonly images: ContainerImages;
  /** The networks of environments' builds. */
  readonly network?: NetworkOptions;
}

/** Steps in containers that need neither a daemon nor root. */
export function createOciExecutor(options: OciExecutorOptions): StepExecutor {
  return {
    async open({ id, directory, project }) {
      const folders = buildFolders(directory);
      makeBuildFolders(folders);
      const { supervisors, network } = options;
      const request = { name: `build-${id}`, directory: folders.steps };
      const enclosed = await openEnclosed(supervisors, request, { project, options: network });
      return session({ ...options, ...enclosed, folders });
    },
    gap: async () => networkGap(options.network),
    recorded: recordedEnd,
    sweep: () => options.supervisors.sweep(),
  };
}

interface SessionParts extends OciExecutorOptions, EnclosedSupervisor {
  readonly folders: BuildFolders;
}

function session(parts: SessionParts): StepSession {
  const { boundary, folders, network } = parts;
  return {
    workspace: folders.workspace,
    async start(order) {
      const what = boundary.network === undefined ? undefined : networkGap(network);
      // Who has pushed an image that is named as ours is unknown: what it runs counts as a repository's.
      const refusal = boundary.admit(order, { what, runs: "repository-code" });
      if (refusal === undefined) return begin(parts, order);
      return { ended: Promise.resolve({ outcome: { kind: "not-started", reason: refusal } }), stop: async () => {} };
    },
    close: () => parts.supervisor.close(),
  };
}

/** Fetching an image may take long: the step counts as running meanwhile, and can be ended. */
function begin({ supervisor, folders, images, containers }: SessionParts, order: StepOrder): RunningStep {
  let isStopped = false;
  let process: RunningProcess | undefined;
  const layer = join(folders.own, "containers", processId(order));
  const run = async (): Promise<StepEnd> => {
    const image = await imageFor(images, order);
    if (!image.ok) return { outcome: { kind: "not-started", reason: image.error } };
    const { digest } = image.value;
    if (isStopped) return { outcome: { kind: "signalled", signal: "SIGTERM" } };
    const planned = planOf(
      { ...order, engineEnv: { ...supervisor.variables, ...order.engineEnv } },
      folders,
      image.value,
    );
    if (!planned.ok) return stepEnd({ kind: "not-started", reason: planned.error }, { digest });
    const { argv, env, ...place } = planned.value;
    await makeLayer(layer);
    const [program, ...args] = containers.enter({ ...place, rootfs: image.value.directory, layer });
    process = await supervisor.start({
      id: processId(order),
      argv: [program, ...args, ...argv],
      cwd: folders.workspace,
      env,
      logPath: order.logPath,
      mask: Object.values(order.secretEnv),
    });
    if (isStopped) await process.stop(0);
    const { outcome } = await process.exited;
    void removeLayer(layer); // what is left when the server dies goes with the build's folder
    return stepEnd(outcome, { output: takeOutput(folders, order, secretsOf(order)), digest });
  };
  return {
    ended: run(),
    async stop(graceMs) {
      isStopped = true;
      await process?.stop(graceMs);
    },
  };
}

async function imageFor(images: ContainerImages, order: StepOrder): Promise<Result<ContainerImage, string>> {
  const { name } = order.config;
  const say = (line: string) => appendFileSync(order.logPath, `${line}\n`, { mode: 0o600 });
  try {
    let isPulled = false;
    const onPull = () => {
      isPulled = true;
      say(`Pulling image: ${name}`);
    };
    const image = await images.get(name, { onPull });
    if (!isPulled) say(`Already have image (with digest): ${name}`);
    return ok(image);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return err(`pulling image ${name} failed: ${reason}`);
  }
}

interface Plan {
  readonly argv: NonEmpty<string>;
  readonly env: Readonly<Record<string, string>>;
  readonly binds: readonly Bind[];
  readonly directory: string;
  readonly user: number;
  readonly group: number;
}

/** What a container runs and sees, or why it cannot. */
function planOf(order: StepOrder, folders: BuildFolders, image: ContainerImage): Result<Plan, string> {
  const { directory, config } = order;
  const { binds, script } = containerBinds(folders, order);
  const files: ImageFiles = { rootfs: image.directory, binds };
  const linked = [directory, ...binds.map(({ to }) => to)].find((path) => !isPlain(files, path));
  if (linked !== undefined) return err(`image "${config.name}" has a link on the way to ${linked}`);
  const identity = userOf(files, image.user);
  if (identity === undefined) return err(`image "${config.name}" has no user ${image.user}`);
  const env = containerEnvironment(order, { PATH: CONTAINER_PATH, ...image.env });
  const argv = argvOf(order, image, script);
  const [name] = argv;
  if (name === undefined) return err(`image "${config.name}" has no entrypoint: give args, an entrypoint or a script`);
  const program = findProgram(files, { name, path: env.PATH ?? CONTAINER_PATH, directory });
  if (program === undefined) {
    return err(`starting step container failed: exec: "${name}": executable file not found in $PATH`);
  }
  return ok({ argv: [program, ...argv.slice(1)], env, binds, directory, ...identity });
}

/** As Docker: arguments replace the image's command, an entrypoint its entry point and command both. */
function argvOf({ config }: StepOrder, image: ContainerImage, script: string | undefined): readonly string[] {
  if (script !== undefined) return [...interpreterOf(script), SCRIPT];
  const { entrypoint, args = [] } = config;
  if (entrypoint !== undefined) return [entrypoint, ...args];
  return args.length === 0 ? image.command : [...image.entrypoint, ...args];
}
