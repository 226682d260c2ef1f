import { appendFileSync, closeSync, openSync, readSync, truncateSync } from "node:fs";
import { z } from "zod";
import type { RunningStep, StepEnd, StepOrder } from "../../../ports/step-executor.ts";
import { isBoundaryLine } from "../build-boundary.ts";
import { containerBinds, containerEnvironment } from "../container-parts.ts";
import { DEFAULT_QUOTA_BYTES, openOutputRelay } from "../output-relay.ts";
import { stepEnd } from "../step-end.ts";
import { byteStrings, secretsOf } from "../step-environment.ts";
import { processId, SCRIPT } from "../step-folders.ts";
import { takeOutput } from "../step-output.ts";
import {
  type ContainerSession,
  INSTALLATION_LABEL,
  removeContainer,
  STEP_LABEL,
  STEPS_LABEL,
} from "./container-session.ts";
import { DockerError } from "./docker-engine.ts";
import { outputOf } from "./output-frames.ts";

/** An image's name has at most 1,000 characters. */
const MAX_FIRST_LINES = 8_192;
/** The container has ended when it is asked for its exit code. */
const WAIT_MS = 60_000;
const SOCKET = "/var/run/docker.sock";
/** The engine keeps a container's output in files, from which a later server reads it again. */
const LOGS = { Type: "local", Config: { "max-size": "1g", "max-file": "2", compress: "false" } };

const inspected = z.object({
  State: z.object({ Status: z.string() }),
  Config: z.object({ Env: z.array(z.string()).nullish() }),
});
const waited = z.object({ StatusCode: z.number().int() });

/** Starts a step's container. Fetching its image may take long: the step counts as running meanwhile. */
export function beginContainer(session: ContainerSession, order: StepOrder): RunningStep {
  return running(session, order, async (signal) => {
    const image = await imageFor(session, order, signal);
    if (typeof image === "string") return stepEnd({ kind: "not-started", reason: image });
    if (signal.aborted) return stepEnd({ kind: "signalled", signal: "SIGTERM" });
    let frames: AsyncIterable<Uint8Array>;
    try {
      await create(session, order);
      // Attached before it starts, so that nothing of its output is missed.
      const attached = `/containers/${nameOf(session, order)}/attach?stream=true&stdout=true&stderr=true`;
      frames = await session.engine.stream("POST", attached);
      await session.engine.json("POST", `/containers/${nameOf(session, order)}/start`);
      // Whoever wanted its end meanwhile found nothing to stop.
      if (signal.aborted) await session.engine.json("POST", `/containers/${nameOf(session, order)}/stop?t=0`);
    } catch (cause) {
      if (!(cause instanceof DockerError)) throw cause;
      await removeContainer(session.engine, nameOf(session, order));
      const reason = `starting step container failed: Error response from daemon: ${cause.message}`;
      return stepEnd({ kind: "not-started", reason }, { digest: image.digest });
    }
    return follow(session, order, frames, image.digest);
  });
}

/** Takes hold of the container that an earlier server started; undefined where there is none. */
export async function resumeContainer(session: ContainerSession, order: StepOrder): Promise<RunningStep | undefined> {
  const name = nameOf(session, order);
  const found = await session.engine.json("GET", `/containers/${name}/json`);
  if (found === undefined) return undefined;
  const { State, Config } = inspected.parse(found);
  // The token that it got is another than this server would give it: it stands in the container's own variables.
  const secrets = (Config.Env ?? [])
    .filter((entry) => Object.hasOwn(order.secretEnv, entry.slice(0, entry.indexOf("="))))
    .map((entry) => entry.slice(entry.indexOf("=") + 1));
  return running(session, order, async () => {
    if (State.Status === "created") await session.engine.json("POST", `/containers/${name}/start`);
    return followAgain(session, order, [...secretsOf(order), ...secrets]);
  });
}

/** Runs it to its end, with a way to end it before, and one that leaves no record for the server that goes. */
function running(
  session: ContainerSession,
  order: StepOrder,
  work: (signal: AbortSignal) => Promise<StepEnd>,
): RunningStep {
  const name = nameOf(session, order);
  const stopping = new AbortController();
  let isAbandoned = false;
  const abandon = async () => {
    isAbandoned = true;
    stopping.abort();
    await removeContainer(session.engine, name);
  };
  session.running.add(abandon);
  const run = async () => {
    try {
      const end = await work(stopping.signal);
      if (isAbandoned) throw new Error("the session was closed");
      session.keep({ id: processId(order), outcome: end.outcome });
      return end;
    } finally {
      session.running.delete(abandon);
      // Its end is on record: nobody has to wait until the engine has cleared up, but the end of the session.
      if (!isAbandoned) session.leaving.add(removeContainer(session.engine, name).catch(() => {}));
    }
  };
  return {
    ended: run(),
    async stop(graceMs) {
      stopping.abort();
      const seconds = Math.ceil(graceMs / 1_000);
      const signal = AbortSignal.timeout(graceMs + 30_000);
      await session.engine.json("POST", `/containers/${name}/stop?t=${seconds}`, { signal });
    },
  };
}

async function imageFor(
  { images }: ContainerSession,
  order: StepOrder,
  signal: AbortSignal,
): Promise<{ readonly digest: string | undefined } | string> {
  const { name } = order.config;
  const say = (line: string) => appendFileSync(order.logPath, `${line}\n`, { mode: 0o600 });
  const found = await images.find(name);
  if (found !== undefined) {
    say(`Already have image${found.digest === undefined ? "" : " (with digest)"}: ${name}`);
    return found;
  }
  say(`Pulling image: ${name}`);
  const pulled = await images.pull(name, signal);
  if (!pulled.ok) return `pulling image ${name} failed: ${pulled.error}`;
  return (await images.find(name)) ?? `image ${name} is not there after it was pulled`;
}

async function create(session: ContainerSession, order: StepOrder): Promise<void> {
  const { config, directory } = order;
  const { binds, script } = containerBinds(session.folders, order);
  const entrypoint = script === undefined ? config.entrypoint : SCRIPT;
  const socket = { from: session.engine.socketPath, to: SOCKET };
  const body = {
    Image: config.name,
    ...(entrypoint === undefined ? {} : { Entrypoint: [entrypoint] }),
    ...(config.args === undefined ? {} : { Cmd: config.args }),
    Env: Object.entries(containerEnvironment(order, {})).map(([name, value]) => `${name}=${value}`),
    WorkingDir: directory,
    Labels: {
      [INSTALLATION_LABEL]: session.installationId,
      [STEP_LABEL]: processId(order),
      [STEPS_LABEL]: session.folders.steps,
    },
    HostConfig: {
      Mounts: [...binds, socket].map(({ from, to }) => ({ Type: "bind", Source: from, Target: to })),
      NetworkMode: "cloudbuild",
      LogConfig: LOGS,
    },
  };
  await session.engine.json("POST", `/containers/create?name=${nameOf(session, order)}`, { body });
}

interface Ended {
  readonly digest: string | undefined;
  /** Those of the container, which an earlier server may have given. */
  readonly secrets: readonly string[];
}

/** Stores the output as it comes, until the container has ended. */
async function follow(
  session: ContainerSession,
  order: StepOrder,
  frames: AsyncIterable<Uint8Array>,
  digest: string | undefined,
): Promise<StepEnd> {
  const relay = openRelay(order, secretsOf(order));
  try {
    for await (const piece of outputOf(frames)) relay.take(piece);
  } finally {
    relay.end();
  }
  return endOf(session, order, { digest, secrets: secretsOf(order) });
}

/**
 * Stores an earlier server's container's output again from its beginning: equal bytes come out, so that what was copied
 * of them stays right. The engine's own stream may miss the end of a container that ends just then; its files do not.
 */
async function followAgain(session: ContainerSession, order: StepOrder, secrets: readonly string[]): Promise<StepEnd> {
  const path = `/containers/${nameOf(session, order)}/logs?stdout=true&stderr=true`;
  const ourLine = firstLinesBytes(order.logPath);
  const store = async (query: string) => {
    truncateSync(order.logPath, ourLine);
    const relay = openRelay(order, secrets);
    let bytes = 0;
    for await (const piece of outputOf(await session.engine.stream("GET", path + query))) {
      relay.take(piece);
      bytes += piece.length;
    }
    relay.end();
    return bytes;
  };
  const followed = await store("&follow=true");
  const end = await endOf(session, order, { digest: undefined, secrets });
  let whole = 0;
  for await (const piece of outputOf(await session.engine.stream("GET", path))) whole += piece.length;
  if (whole !== followed) await store("");
  return end;
}

async function endOf(session: ContainerSession, order: StepOrder, { digest, secrets }: Ended): Promise<StepEnd> {
  const path = `/containers/${nameOf(session, order)}/wait`;
  const ended = await session.engine.json("POST", path, { signal: AbortSignal.timeout(WAIT_MS) });
  const { StatusCode } = waited.parse(ended);
  return stepEnd({ kind: "exited", code: StatusCode }, { digest, output: takeOutput(session.folders, order, secrets) });
}

function openRelay(order: StepOrder, secrets: readonly string[]) {
  return openOutputRelay({ path: order.logPath, mask: byteStrings(secrets), quotaBytes: DEFAULT_QUOTA_BYTES });
}

/** The first lines are ours: what is not kept of a boundary, and then how the image was got. */
function firstLinesBytes(path: string): number {
  const buffer = Buffer.alloc(MAX_FIRST_LINES);
  const file = openSync(path, "r");
  try {
    const bytes = buffer.subarray(0, readSync(file, buffer));
    for (let start = 0; ; ) {
      const end = bytes.indexOf(10, start) + 1;
      if (end === 0) return start;
      if (!isBoundaryLine(bytes.toString("utf8", start, end))) return end;
      start = end;
    }
  } finally {
    closeSync(file);
  }
}

function nameOf({ build }: ContainerSession, order: StepOrder): string {
  return `mobius-${build}-${processId(order)}`;
}
