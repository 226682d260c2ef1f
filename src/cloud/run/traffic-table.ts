import type { Ids } from "../../ports/clock.ts";
import type { Addressed } from "./addresses.ts";
import type { Instances } from "./instances.ts";
import { type Place, revisionKey, type StoredRevision, type StoredService, serviceKey } from "./resources.ts";
import type { Chosen } from "./router.ts";
import { pickRevision, type TrafficStatus } from "./traffic.ts";

/** What routers look at for each request: the traffic of all services, in memory, as Documents has it. */
export interface TrafficTable {
  /** Replaces a service's traffic at once for all new requests; `ready` holds the revisions that are new in it. */
  serve(service: StoredService, ready: readonly StoredRevision[]): void;
  entries(service: Place & { readonly service: string }): readonly TrafficStatus[];
  /** Chooses a revision for one request and counts the request as in flight, before anything else can happen. */
  choose(addressed: Addressed): Chosen | undefined;
  remove(service: Place & { readonly service: string }): void;
}

interface Served {
  readonly generation: number;
  readonly entries: readonly TrafficStatus[];
  readonly revisions: ReadonlyMap<string, StoredRevision>;
}

/** An empty table. */
export function createTrafficTable({
  instances,
  ids,
}: {
  readonly instances: Instances;
  readonly ids: Ids;
}): TrafficTable {
  const services = new Map<string, Served>();
  return {
    serve(service, ready) {
      const key = serviceKey(service);
      const before = services.get(key);
      // A slower writer of an earlier generation comes too late.
      if (before !== undefined && before.generation > service.observedGeneration) return;
      const known = new Map([...(before?.revisions ?? []), ...ready.map((each) => [each.revision, each] as const)]);
      const names = new Set(service.serving.map(({ revision }) => revision));
      const revisions = new Map([...known].filter(([name]) => names.has(name)));
      services.set(key, { generation: service.observedGeneration, entries: service.serving, revisions });
    },
    entries: (service) => services.get(serviceKey(service))?.entries ?? [],
    choose(addressed) {
      const served = services.get(serviceKey(addressed));
      if (served === undefined) return undefined;
      const { entries, revisions } = served;
      const name =
        addressed.tag === undefined
          ? pickRevision(entries, Number.parseInt(ids.randomHex(4), 16) / 2 ** 32)
          : entries.find(({ tag }) => tag === addressed.tag)?.revision;
      const revision = name === undefined ? undefined : revisions.get(name);
      if (revision === undefined) return undefined;
      const key = revisionKey(revision);
      const leave = instances.enter(key);
      return { revision: key, leave, port: () => portOf(instances, revision) };
    },
    remove(service) {
      services.delete(serviceKey(service));
    },
  };
}

async function portOf(instances: Instances, revision: StoredRevision): Promise<number> {
  const started = await instances.ensure(revision, "keep");
  if (!started.ok) throw new Error(started.error.message);
  return started.value.port;
}
