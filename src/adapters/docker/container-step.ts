import { appendFileSync, closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { z } from "zod";
import { createMasker } from "../../core/build/mask.ts";
import type { RunningStep, StepEnd, StepOrder } from "../../ports/step-executor.ts";
import { containerBinds, containerEnvironment, stepEnd } from "../executors/container-parts.ts";
import { processId, SCRIPT } from "../executors/step-folders.ts";
import { takeOutput } from "../executors/step-output.ts";
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
const MAX_FIRST_LINE = 4_096;
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
    try {
      await create(session, order);
      await session.engine.json("POST", `/containers/${nameOf(session, order)}/start`);
      // Whoever wanted its end meanwhile found nothing to stop.
      if (signal.aborted) await session.engine.json("POST", `/containers/${nameOf(session, order)}/stop?t=0`);
    } catch (cause) {
      if (!(cause instanceof DockerError)) throw cause;
      await removeContainer(session.engine, nameOf(session, order));
      const reason = `starting step container failed: Error response from daemon: ${cause.message}`;
      return stepEnd({ kind: "not-started", reason }, { digest: image.digest });
    }
    return follow(session, order, { digest: image.digest, secrets: secretsOf(order) });
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
    return follow(session, order, { digest: undefined, secrets: [...secretsOf(order), ...secrets] });
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
      await removeContainer(session.engine, name);
      return end;
    } finally {
      session.running.delete(abandon);
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

interface Following {
  readonly digest: string | undefined;
  readonly secrets: readonly string[];
}

/** Stores the output until the container has ended; what an earlier server stored of it is not stored again. */
async function follow(session: ContainerSession, order: StepOrder, { digest, secrets }: Following): Promise<StepEnd> {
  const { engine, folders } = session;
  const name = nameOf(session, order);
  const logs = await engine.stream("GET", `/containers/${name}/logs?follow=true&stdout=true&stderr=true`);
  const masker = createMasker(secrets.map((secret) => Buffer.from(secret).toString("latin1")));
  const file = openSync(order.logPath, "a", 0o600);
  try {
    let skip = statSync(order.logPath).size - firstLineBytes(order.logPath);
    const store = (hidden: string) => {
      const bytes = Buffer.from(hidden, "latin1").subarray(Math.min(skip, hidden.length));
      skip = Math.max(skip - hidden.length, 0);
      writeWhole(file, bytes);
    };
    for await (const piece of outputOf(logs)) store(masker.push(piece.toString("latin1")));
    store(masker.flush());
  } finally {
    closeSync(file);
  }
  const ended = await engine.json("POST", `/containers/${name}/wait`, { signal: AbortSignal.timeout(60_000) });
  const { StatusCode } = waited.parse(ended);
  return stepEnd({ kind: "exited", code: StatusCode }, { digest, output: takeOutput(folders, order) });
}

/** The first line is ours: how the image was got. */
function firstLineBytes(path: string): number {
  const bytes = Buffer.alloc(MAX_FIRST_LINE);
  const file = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(file, bytes)).indexOf(10) + 1;
  } finally {
    closeSync(file);
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function secretsOf(order: StepOrder): readonly string[] {
  return Object.values(order.secretEnv).map((secret) => secret.reveal());
}

function nameOf({ build }: ContainerSession, order: StepOrder): string {
  return `mobius-${build}-${processId(order)}`;
}
