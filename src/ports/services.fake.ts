import { present } from "../core/values/assert.ts";
import { isDigest } from "../core/values/digest.ts";
import type { NonEmpty } from "../core/values/problem.ts";
import { err, ok } from "../core/values/result.ts";
import { instant } from "../core/values/time.ts";
import type { ObservedRevision, ObservedService, RevisionTemplate, Services, TrafficEntry } from "./services.ts";

/** Services without processes, with what a test may ask of them. */
export interface FakeServices extends Services {
  /** Which revision answers a request to an address; undefined where nothing serves. */
  answering(url: string): string | undefined;
  /** Names of the revisions of a service that were made, failed ones included. */
  revisionsOf(service: string): readonly string[];
  /** The next write of the service comes upon a change that somebody else made after its reading. */
  meddleBeforeWrite(service: string): void;
}

interface FakeRevision {
  readonly template: RevisionTemplate;
  readonly labels: Readonly<Record<string, string>>;
  readonly failure: string | undefined;
}

interface FakeService {
  readonly revisions: Map<string, FakeRevision>;
  traffic: readonly TrafficEntry[];
  labels: Readonly<Record<string, string>>;
  latestCreated: string;
  generation: number;
}

/** Cloud Run in memory. `failureOf` says why a template's revision does not become ready; undefined where it does. */
export function createMemoryServices(
  failureOf: (template: RevisionTemplate) => string | undefined = () => undefined,
): FakeServices {
  const services = new Map<string, FakeService>();
  const meddled = new Set<string>();
  const takeConflict = (name: string) => {
    if (!meddled.delete(name)) return undefined;
    const service = services.get(name);
    if (service !== undefined) service.generation += 1;
    return err(problem("target-changed", `Service "${name}" was changed.`, "Its etag is another."));
  };
  const addressOf = (service: string, tag?: string) => `http://${tag === undefined ? "" : `${tag}---`}${service}.test`;

  const get = (name: string): ObservedService | undefined => {
    const service = services.get(name);
    return service === undefined ? undefined : observed(name, addressOf(name), service);
  };

  return {
    list: async () => [...services.keys()].sort().flatMap((name) => get(name) ?? []),
    get: async (name) => get(name),
    revision: async (name, revision) => observedRevision(services.get(name), revision),
    address: async (service) => addressOf(service),
    tagAddress: async (service, tag) => addressOf(service, tag),
    async deploy({ service: name, revision, template, labels, traffic }) {
      const service: FakeService = services.get(name) ?? {
        revisions: new Map(),
        traffic: [],
        labels,
        latestCreated: revision,
        generation: 0,
      };
      const conflict = takeConflict(name);
      if (conflict !== undefined) return conflict;
      services.set(name, service);
      if (!service.revisions.has(revision)) {
        service.revisions.set(revision, { template: structuredClone(template), labels, failure: failureOf(template) });
        Object.assign(service, { labels, latestCreated: revision });
      }
      const failure = serve(service, traffic);
      if (failure === undefined) return ok(present(get(name), name));
      return err(problem("candidate-not-ready", `Revision "${revision}" did not become ready.`, failure));
    },
    async setTraffic(name, traffic) {
      const service = services.get(name);
      if (service === undefined) return err(problem("target-changed", `Service "${name}" was changed.`, "It is gone."));
      const conflict = takeConflict(name);
      if (conflict !== undefined) return conflict;
      const failure = serve(service, traffic);
      if (failure === undefined) return ok(present(get(name), name));
      return err(problem("traffic-not-set", `Traffic of service "${name}" was not set.`, failure));
    },
    async remove(name) {
      services.delete(name);
    },
    ...memoryJobs(),
    answering: (url) => answering(services, url),
    meddleBeforeWrite: (service) => void meddled.add(service),
    revisionsOf: (service) => [...(services.get(service)?.revisions.keys() ?? [])],
  };
}

/** Serves the traffic where all its revisions are ready; otherwise why not. */
function serve(service: FakeService, traffic: NonEmpty<TrafficEntry>): string | undefined {
  const failed = traffic.flatMap(({ revision }) => {
    const known = service.revisions.get(revision);
    return known === undefined ? "It does not exist." : (known.failure ?? []);
  });
  if (failed.length > 0) return failed.join("; ");
  if (JSON.stringify(service.traffic) === JSON.stringify(traffic)) return undefined;
  service.traffic = traffic;
  service.generation += 1;
  return undefined;
}

function answering(services: ReadonlyMap<string, FakeService>, url: string): string | undefined {
  const found = /^http:\/\/(?:(.+)---)?(.+)\.test/.exec(url);
  const traffic = services.get(found?.[2] ?? "")?.traffic ?? [];
  const tag = found?.[1];
  return traffic.find((entry) => (tag === undefined ? entry.percent > 0 : entry.tag === tag))?.revision;
}

function memoryJobs(): Pick<Services, "declareJob" | "observedJob"> {
  const jobs = new Map<string, string>();
  return {
    async declareJob({ job, template }) {
      jobs.set(job, JSON.stringify(template));
      return ok(undefined);
    },
    async observedJob(job) {
      const kept = jobs.get(job);
      return kept === undefined ? undefined : (JSON.parse(kept) as RevisionTemplate);
    },
  };
}

function observedRevision(service: FakeService | undefined, name: string): ObservedRevision | undefined {
  const revision = service?.revisions.get(name);
  if (revision === undefined) return undefined;
  const digest = revision.template.image.split("@")[1] ?? "";
  return {
    name,
    template: structuredClone(revision.template),
    digest: isDigest(digest) ? digest : undefined,
    labels: revision.labels,
    createdAt: instant(0),
  };
}

function observed(name: string, url: string, service: FakeService): ObservedService {
  const most = service.traffic.filter(({ percent }) => percent > 0).toSorted((a, b) => b.percent - a.percent)[0];
  const serving = most === undefined ? undefined : observedRevision(service, most.revision);
  return {
    name,
    url,
    etag: String(service.generation),
    labels: service.labels,
    traffic: service.traffic.map((entry) => ({ ...entry, latest: false })),
    ...(serving === undefined ? {} : { serving }),
    latestCreatedRevision: service.latestCreated,
  };
}

function problem(code: string, summary: string, why: string) {
  return { code, severity: "error", summary, why: [why], fix: "Release again." } as const;
}
