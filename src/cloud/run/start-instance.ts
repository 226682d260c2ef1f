import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RunningProcess } from "../../ports/processes.ts";
import type { InstancePorts } from "./instance-ports.ts";
import { instanceSpec, type StartupProbe } from "./instance-spec.ts";
import { becomesReady } from "./readiness.ts";
import type { StoredRevision } from "./resources.ts";
import { type Container, type ContainerDependencies, type StartFailure, startContainer } from "./start-container.ts";

/** What SIGTERM gives an instance to end by itself, as Cloud Run does. */
export const STOP_GRACE_MS = 10_000;

export interface InstanceDependencies extends ContainerDependencies {
  readonly clock: Clock;
  readonly ports: InstancePorts;
}

/** A ready instance. */
export interface Instance {
  readonly port: number;
  readonly process: RunningProcess;
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
  const { project, location, service, revision: name, template } = revision;
  const port = await deps.ports.take();
  const env = { PORT: String(port), K_SERVICE: service, K_REVISION: name, K_CONFIGURATION: service };
  try {
    const started = await startContainer({ project, location, name, template, env }, deps, signal);
    if (!started.ok) {
      deps.ports.give(port);
      return started;
    }
    void started.value.ended.then(() => deps.ports.give(port));
    return await awaitReady(revision, { port, container: started.value }, deps.clock, signal);
  } catch (error) {
    deps.ports.give(port);
    throw error;
  }
}

async function awaitReady(
  revision: StoredRevision,
  { port, container }: { readonly port: number; readonly container: Container },
  clock: Clock,
  signal: AbortSignal,
): Promise<Result<Instance, StartFailure>> {
  const { process, log, ended } = container;
  const { probe } = instanceSpec(revision.template, revision.project);
  const gone = new AbortController();
  void ended.then(() => gone.abort());
  const isReady = await becomesReady({ port, probe }, { clock, signal: AbortSignal.any([signal, gone.signal]) });
  if (isReady) return ok({ port, process });
  const hasEnded = gone.signal.aborted;
  if (!hasEnded) await process.stop(signal.aborted ? 0 : STOP_GRACE_MS).catch(() => undefined);
  const how = hasEnded
    ? `The container ended before it was ready: ${(await ended).how}.`
    : signal.aborted
      ? "It was stopped before it was ready."
      : lateText(probe);
  return failed(revision, how, await log.lastLines());
}

function lateText({ path, withinMs }: StartupProbe): string {
  const what = path === undefined ? "listen on the port defined by PORT" : `answer its startup probe ${path}`;
  return `The container did not ${what} within ${Math.round(withinMs / 1_000)} s.`;
}

function failed(revision: StoredRevision, how: string, log: readonly string[]): Result<never, StartFailure> {
  const head = `Revision '${revision.revision}' is not ready and cannot serve traffic. ${how}`;
  const message = log.length === 0 ? `${head} It wrote no log.` : `${head} Last lines of its log:\n${log.join("\n")}`;
  return err({ reason: "HEALTH_CHECK_CONTAINER_ERROR", message });
}
