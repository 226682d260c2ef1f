import { present } from "../../core/values/assert.ts";
import { canonicalJson } from "../../core/values/digest.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObservedService, RevisionTemplate, Services, TrafficEntry } from "../../ports/services.ts";
import type { Endpoint } from "./client-options.ts";
import { candidateNotReady, runDenied, runRejected, targetChanged, trafficNotSet } from "./problems.ts";
import { CODE, codeOf, createRunClient, type RunClient } from "./run-client.ts";
import {
  googleTraffic,
  isSameTraffic,
  observedRevision,
  observedService,
  type Readiness,
  revisionReadiness,
  servedTraffic,
  serviceReadiness,
  servingRevision,
  trafficText,
} from "./run-observed.ts";
import { googleRunnable, googleTemplate, runnableOf, type ServiceOnly } from "./run-template.ts";

/** How often is looked whether a change is carried out: reads of the embedded cloud cost next to nothing. */
const POLL_MS = {
  embedded: { first: 25, most: 100, factor: 1.5 },
  google: { first: 100, most: 1_000, factor: 1.5 },
} as const;
/** Longest wait for a service to be gone. */
const REMOVE_MS = 60_000;
/** Holds what of a template a job has no field for. */
const JOB_ANNOTATION = "mobius-service-settings";

export interface ServicesOptions {
  readonly endpoint: Endpoint;
  readonly project: string;
  readonly region: string;
  /** The address of a service or of one of its tags, stable from the first call on. */
  readonly addressOf: (service: string, tag?: string) => Promise<string>;
  readonly clock: Clock;
}

type GoogleService = NonNullable<Awaited<ReturnType<RunClient["getService"]>>>;
type Deployment = Parameters<Services["deploy"]>[0];

/**
 * Cloud Run, embedded or Google's, through the official clients. Operations are not waited for: what became of a change
 * is read from the service and its revision, so that a wait survives a restart.
 */
export function createServices(options: ServicesOptions): Services {
  const { endpoint, project, region, addressOf, clock } = options;
  const client = createRunClient(endpoint, `projects/${project}/locations/${region}`);
  const pace = POLL_MS[endpoint.kind];

  const observed = async (service: GoogleService): Promise<ObservedService> => {
    const serving = servingRevision(service);
    const name = present(service.name?.split("/").at(-1), "a service's name");
    return observedService(service, serving === undefined ? undefined : await client.getRevision(name, serving));
  };

  return {
    address: (service) => addressOf(service),
    tagAddress: (service, tag) => addressOf(service, tag),
    list: async () => Promise.all((await client.listServices()).map(observed)),
    async get(service) {
      const found = await client.getService(service);
      return found === undefined ? undefined : await observed(found);
    },
    async revision(service, revision) {
      const found = await client.getRevision(service, revision);
      return found === undefined ? undefined : observedRevision(found);
    },
    async deploy(wanted) {
      const { service, revision, traffic, deadlineMs } = wanted;
      const deadline = clock.monotonicMs() + deadlineMs;
      const asked = await askRevision(client, wanted);
      if (!asked.ok) return asked;
      const look = async (): Promise<Seen> => {
        const made = await client.getRevision(service, revision);
        if (made === undefined) return { kind: "pending" };
        const readiness = revisionReadiness(made);
        return readiness.kind === "ready" ? await served(client, service, traffic) : readiness;
      };
      const seen = await poll(look, { clock, deadline, pace });
      if (seen.kind === "served") return ok(await observed(seen.service));
      if (seen.kind === "failed") return err(candidateNotReady(revision, [`${seen.reason}: ${seen.message}`]));
      return err(candidateNotReady(revision, [`It was not ready within ${Math.round(deadlineMs / 1_000)} s.`]));
    },
    async setTraffic(service, traffic, deadlineMs) {
      const deadline = clock.monotonicMs() + deadlineMs;
      const asked = await askTraffic(client, service, traffic);
      if (!asked.ok) return asked;
      const seen = await poll(() => served(client, service, traffic), { clock, deadline, pace });
      if (seen.kind === "served") return ok(await observed(seen.service));
      if (seen.kind === "failed") return err(trafficNotSet(service, [`${seen.reason}: ${seen.message}`]));
      return err(trafficNotSet(service, [`${trafficText(traffic)} was not served within ${deadlineMs / 1_000} s.`]));
    },
    async remove(service) {
      const gone = await refusable(service, () => client.deleteService(service), [CODE.notFound]);
      if (!gone.ok) throw new Error(`${service} was not removed: ${gone.error.why.join("; ")}`);
      const deadline = clock.monotonicMs() + REMOVE_MS;
      while ((await client.getService(service)) !== undefined && clock.monotonicMs() < deadline) {
        await clock.sleep(pace.most);
      }
    },
    async declareJob({ job, template, labels }) {
      const { port, cpuThrottling, minInstances, maxInstances, concurrency, startup } = template;
      const aside: ServiceOnly = { port, cpuThrottling, minInstances, maxInstances, concurrency, startup };
      const task = { ...googleRunnable(template), maxRetries: 0 };
      const annotations = { [JOB_ANNOTATION]: canonicalJson(aside) };
      const wanted = { labels: { ...labels }, annotations, template: { taskCount: 1, template: task } };
      return refusable(job, () => client.updateJob(job, wanted));
    },
    async observedJob(job): Promise<RevisionTemplate | undefined> {
      const found = await client.getJob(job);
      const kept = found?.annotations?.[JOB_ANNOTATION];
      if (kept === undefined) return undefined; // not there, or none of ours
      return { ...runnableOf(found?.template?.template ?? {}), ...(JSON.parse(kept) as ServiceOnly) };
    },
  };
}

type Seen = Readiness | { readonly kind: "served"; readonly service: GoogleService };

/** Whether the service serves the traffic asked. */
async function served(client: RunClient, name: string, traffic: readonly TrafficEntry[]): Promise<Seen> {
  const service = await client.getService(name);
  if (service === undefined) return { kind: "failed", reason: "NOT_FOUND", message: `Service ${name} is gone.` };
  if (isSameTraffic(servedTraffic(service), traffic)) return { kind: "served", service };
  const readiness = serviceReadiness(service);
  // Ready with another split: the change that was asked is not what the service shows yet, or it was replaced.
  return readiness.kind === "ready" ? { kind: "pending" } : readiness;
}

interface Waiting {
  readonly clock: Clock;
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly pace: { readonly first: number; readonly most: number; readonly factor: number };
}

async function poll(look: () => Promise<Seen>, { clock, deadline, pace }: Waiting): Promise<Seen> {
  let pauseMs = pace.first;
  for (;;) {
    const seen = await look();
    if (seen.kind === "served" || seen.kind === "failed" || clock.monotonicMs() >= deadline) return seen;
    await clock.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * pace.factor, pace.most);
  }
}

/** Asks for the revision and its traffic, unless an earlier call did. */
async function askRevision(client: RunClient, wanted: Deployment): Promise<Result<void, Problem>> {
  const { service, revision, template, labels, traffic } = wanted;
  const current = await client.getService(service);
  const made = current === undefined ? undefined : await client.getRevision(service, revision);
  if (current !== undefined && made !== undefined) {
    // An earlier call asked for it; only its traffic may have been replaced since.
    const isMaking = revisionReadiness(made).kind !== "ready" || serviceReadiness(current).kind === "pending";
    return isMaking ? ok(undefined) : askTraffic(client, service, traffic);
  }
  const spec = {
    template: googleTemplate(template, { revision, labels }),
    traffic: googleTraffic(traffic),
    labels: { ...labels },
  };
  // A new service needs its 100 % somewhere: on its first revision, as nobody depends on it yet.
  if (current === undefined) return refusable(service, () => client.createService(service, spec));
  const guarded = { ...spec, etag: current.etag ?? "" };
  return refusable(service, () => client.updateService(service, guarded, ["template", "traffic", "labels"]));
}

/** Asks for the traffic, unless it is served already. A conflict is the caller's: only they know what else may change. */
async function askTraffic(
  client: RunClient,
  service: string,
  traffic: NonEmpty<TrafficEntry>,
): Promise<Result<void, Problem>> {
  const current = await client.getService(service);
  if (current === undefined) return err(targetChanged(service, "It is not there any more."));
  const shown = servedTraffic(current);
  const isServed = isSameTraffic(shown, traffic) && shown.every(({ latest }) => !latest);
  if (isServed && serviceReadiness(current).kind !== "pending") return ok(undefined);
  const wanted = { traffic: googleTraffic(traffic), etag: current.etag ?? "" };
  return refusable(service, () => client.updateService(service, wanted, ["traffic"]));
}

/** Makes a call; what its user can mend comes back as a problem, a code that is `fine` counts as success. */
async function refusable(
  name: string,
  call: () => Promise<void>,
  fine: readonly number[] = [],
): Promise<Result<void, Problem>> {
  try {
    await call();
    return ok(undefined);
  } catch (error) {
    const code = codeOf(error);
    if (code !== undefined && fine.includes(code)) return ok(undefined);
    const message = error instanceof Error ? error.message : String(error);
    if (code === CODE.aborted || code === CODE.alreadyExists) return err(targetChanged(name, message));
    if (code === CODE.permissionDenied) return err(runDenied(name, message));
    if (code === CODE.invalidArgument || code === CODE.failedPrecondition) return err(runRejected(name, message));
    throw error;
  }
}
