/**
 * Cloud Run, embedded: services run as processes of this machine, each behind an address of its own that is kept. Begin
 * with `createRunCloud`; the API's routes are in `run-v2.ts`, those of its older form, which gcloud speaks, in
 * `run-v1.ts`. A change is written (`services.ts`), carried out (`reconcile.ts`), served (`traffic-table.ts`, `router.ts`)
 * by processes (`instances.ts`).
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { err, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { Supervisor } from "../../ports/processes.ts";
import { type Addressed, createAddresses } from "./addresses.ts";
import { createExecutions } from "./executions.ts";
import { createInstanceLogs } from "./instance-logs.ts";
import { createInstancePorts } from "./instance-ports.ts";
import type { AccessSecret } from "./instance-spec.ts";
import { createInstances } from "./instances.ts";
import { createJobResources, type JobResources } from "./jobs.ts";
import { keepMetrics } from "./kept-metrics.ts";
import { type CountedRequests, createMetrics } from "./metrics.ts";
import { createOperations, type Operations } from "./operations.ts";
import { createPolicies, type Policies } from "./policies.ts";
import { createReconciler } from "./reconcile.ts";
import { createRecovery } from "./recover.ts";
import type { StoredRevision } from "./resources.ts";
import { createInstanceAgent, createRouter } from "./router.ts";
import { runTask, type Task, type TaskEnd } from "./run-task.ts";
import { createServiceResources, type ServiceResources } from "./services.ts";
import { HOMES, type StartFailure, type UnpackedImage } from "./start-container.ts";
import { type Instance, startInstance } from "./start-instance.ts";
import { createSupervised } from "./supervised.ts";
import { createTrafficTable, type TrafficTable } from "./traffic-table.ts";

export interface RunCloudDependencies {
  readonly documents: Documents;
  /** Opens the supervisor of all instances; called with the first instance, and again where a supervisor died. */
  readonly openSupervisor: () => Promise<Supervisor>;
  readonly unpackImage: (reference: string) => Promise<UnpackedImage>;
  readonly accessSecret: AccessSecret;
  /** Called with every address of a service or a tag before anybody hears of it. */
  readonly onAddress?: (address: { readonly project: string; readonly port: number }) => Promise<void>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Takes logs and home folders of instances; made when missing. */
  readonly directory: string;
  /** `PATH` of instances that declare none; begins with the folder of the pinned Node. */
  readonly path: string;
}

/** The embedded Cloud Run. */
export interface RunCloud {
  /** The address of a service or of one of its tags, whether or not anything serves there yet: 503 until then. */
  addressOf(project: string, location: string, service: string, tag?: string): Promise<string>;
  /** Opens what an earlier run kept, and goes on with what it was about to do. Resolves once the addresses are open. */
  start(): Promise<void>;
  /** Stops all instances and closes all addresses; what is under way goes on at the next start. */
  close(): Promise<void>;
  /** Requests of each revision. */
  metrics(): CountedRequests;
  readonly services: ServiceResources;
  readonly jobs: JobResources;
  readonly operations: Operations;
  readonly policies: Policies;
}

/** Makes one; nothing runs before `start` or a first change. */
export function createRunCloud(deps: RunCloudDependencies): RunCloud {
  const { documents, clock, ids } = deps;
  const agent = createInstanceAgent();
  const metrics = createMetrics(clock);
  const keptMetrics = keepMetrics({ metrics, documents, clock });
  const processes = createProcesses(deps);
  let isClosing = false;

  const instances = createInstances({ clock, start: processes.startInstance });
  const table: TrafficTable = createTrafficTable({ instances, ids });
  const serve = (addressed: Addressed) =>
    createRouter({ choose: () => table.choose(addressed), metrics, clock, agent });
  const addresses = createAddresses({
    documents,
    clock,
    serve,
    ...(deps.onAddress === undefined ? {} : { onOpen: deps.onAddress }),
  });
  const operations = createOperations({ documents, clock, ids });
  const reconciler = createReconciler({
    documents,
    instances,
    addresses,
    table,
    nowIso: () => toIso(clock.now()),
    isClosing: () => isClosing,
  });
  const shared = { documents, clock, ids, operations };
  const executions = createExecutions({
    ...shared,
    runTask: processes.runTask,
    isClosing: () => isClosing,
  });
  const services = createServiceResources({
    ...shared,
    addresses,
    instances,
    table,
    reconciler,
    isClosing: () => isClosing,
  });
  const recovery = createRecovery({
    ...shared,
    executions,
    addresses,
    instances,
    table,
    services,
    isClosing: () => isClosing,
  });

  return {
    addressOf: (project, location, service, tag) =>
      addresses.addressOf({ project, location, service, ...(tag === undefined ? {} : { tag }) }),
    async start() {
      await rm(join(deps.directory, HOMES), { recursive: true, force: true });
      await keptMetrics.start();
      await recovery.recover();
    },
    async close() {
      isClosing = true;
      await Promise.all([instances.close(), executions.close()]);
      await addresses.close();
      await keptMetrics.close();
      agent.destroy();
      await processes.close();
    },
    metrics: () => metrics.read(),
    services,
    jobs: createJobResources({ ...shared, executions }),
    operations,
    policies: createPolicies({ documents }),
  };
}

/** The two kinds of processes that the cloud runs, on one supervisor. */
function createProcesses(deps: RunCloudDependencies) {
  const supervised = createSupervised(deps.openSupervisor);
  const logs = createInstanceLogs({ ...deps, directory: join(deps.directory, "logs") });
  const ports = createInstancePorts();
  return {
    startInstance: (revision: StoredRevision, signal: AbortSignal): Promise<Result<Instance, StartFailure>> =>
      supervised.use((supervisor) => startInstance(revision, { ...deps, supervisor, logs, ports }, signal), err),
    runTask: (task: Task, signal: AbortSignal): Promise<TaskEnd> =>
      supervised.use(
        (supervisor) => runTask(task, { ...deps, supervisor, logs }, signal),
        (failure) => ({ result: err(failure), retries: 0 }),
      ),
    close: () => supervised.close(),
  };
}
