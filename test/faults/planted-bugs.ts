/**
 * Bugs on purpose, one of a class each, between the engine and the world: what the campaign must find, and the checker that
 * must say so. Nothing of the product knows of them.
 */
import type { ReleaseEvent } from "../../src/core/release/events.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { err, ok } from "../../src/core/values/result.ts";
import type { ReleasePorts } from "../../src/engine/releases/release-ports.ts";
import type { NewEvent } from "../../src/ports/event-log.ts";
import type { SimWorld } from "../sim/sim-world.ts";
import type { CheckerName } from "./checkers.ts";
import type { Plant } from "./simulate.ts";

export interface PlantedBug {
  readonly name: string;
  readonly plant: Plant;
  /** The checker that finds it, whatever others say. */
  readonly foundBy: CheckerName;
}

type Append = Parameters<ReleasePorts["eventLog"]["append"]>[0];
type EnvironmentPorts = Awaited<ReturnType<ReleasePorts["environment"]>>;

/** Other ports to the environment. */
function environment(change: (ports: EnvironmentPorts, world: SimWorld) => Partial<EnvironmentPorts>): Plant {
  return (ports, world) => ({
    ...ports,
    environment: async (...args) => {
      const own = await ports.environment(...args);
      return { ...own, ...change(own, world) };
    },
  });
}

/** Another way to append. */
function appending(
  change: (
    append: ReleasePorts["eventLog"]["append"],
    request: Append,
  ) => ReturnType<ReleasePorts["eventLog"]["append"]>,
): Plant {
  return (ports) => {
    const { eventLog } = ports;
    const append = ((request: Append) => change(eventLog.append, request)) as typeof eventLog.append;
    return { ...ports, eventLog: { ...passing(eventLog), append } };
  };
}

/** A port whose methods are properties of its own, so that it can be spread. */
function passing<T extends object>(port: T): T {
  return Object.fromEntries(Object.keys(port).map((name) => [name, Reflect.get(port, name)])) as T;
}

function eventOf(event: NewEvent): ReleaseEvent {
  return event.event as ReleaseEvent;
}

/** The log as if these events were another. */
function telling(change: (event: ReleaseEvent) => ReleaseEvent): Plant {
  return appending((append, request) =>
    append({ ...request, events: request.events.map((event) => ({ ...event, event: change(eventOf(event)) })) }),
  );
}

function isRestoring(world: SimWorld): boolean {
  return world.history.some((entry) => {
    const event = entry.kind === "event" ? entry.recorded.event : undefined;
    return event?.type === "phase-started" && event.phase === "restore";
  });
}

const services = (
  change: (own: EnvironmentPorts["services"], world: SimWorld) => Partial<EnvironmentPorts["services"]>,
) => environment((ports, world) => ({ services: { ...passing(ports.services), ...change(ports.services, world) } }));

/** Every class of bug that the campaign is there for. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "a build is submitted again, as nobody looks whether it is there",
    foundBy: "effects-once",
    plant: environment(({ builds }) => ({ builds: { ...passing(builds), findByTag: async () => undefined } })),
  },
  {
    name: "a migration runs again, as nobody reads the migration ledger",
    foundBy: "effects-once",
    plant: environment(({ databases }, world) => ({
      databases: {
        ...passing(databases),
        applySql: async (migration, sql) => {
          const applied = await databases.applySql(migration, sql);
          if (applied.ok && applied.value === "already-applied") world.ledger.push({ ...migration, state: "applied" });
          return ok("applied");
        },
      },
    })),
  },
  {
    name: "a release is recorded again, as nobody looks for its trailer",
    foundBy: "effects-once",
    plant: (ports, world) => ({
      ...ports,
      writeBack: {
        commit: async (request) => {
          const isThere = world.written.some(({ release }) => release === request.release);
          if (isThere) world.written.push({ release: request.release, files: new Map() });
          return ports.writeBack.commit(request);
        },
      },
    }),
  },
  {
    name: "an effect comes before its event",
    foundBy: "intent-before-effect",
    plant: (ports, world) => {
      const late = new Map<string, readonly NewEvent[]>();
      return appending(async (append, request) => {
        const held = late.get(request.stream) ?? [];
        const isIntent = request.events.every((event) => eventOf(event).type === "candidate-intended");
        late.set(request.stream, isIntent ? [...held, ...request.events] : []);
        if (isIntent) return ok([]);
        return append({
          ...request,
          expectedSequence: request.expectedSequence - held.length,
          events: [...held, ...request.events],
        });
      })(ports, world);
    },
  },
  {
    name: "a candidate takes all the traffic before anything verified it",
    foundBy: "intent-before-effect",
    plant: services((own) => ({
      deploy: (request) => own.deploy({ ...request, traffic: [{ revision: request.revision, percent: 100 }] }),
    })),
  },
  {
    name: "a canary step moves more than was written down",
    foundBy: "intent-before-effect",
    plant: environment(({ services }) => ({
      services: {
        ...passing(services),
        setTraffic: (service, traffic, deadlineMs) => {
          const [candidate, serving] = traffic;
          const isStep = candidate.percent === 10 && serving !== undefined;
          const more = isStep
            ? ([
                { ...candidate, percent: 20 },
                { ...serving, percent: 80 },
              ] as const)
            : traffic;
          return services.setTraffic(service, more, deadlineMs);
        },
      },
    })),
  },
  {
    name: "a server ignores that its lease is gone",
    foundBy: "fenced-writes",
    plant: (ports, world) => {
      const leases = { ...passing(ports.leases), holds: async () => true, renew: async () => true };
      const unfenced = appending((append, { fence: _fence, ...request }) => append(request));
      return { ...unfenced(ports, world), leases };
    },
  },
  {
    name: "only some services are given back",
    foundBy: "explained-set",
    plant: services((own, world) => ({
      setTraffic: async (service, traffic, deadlineMs) => {
        const observed = service === "hub" && isRestoring(world) ? await own.get(service) : undefined;
        return observed === undefined ? own.setTraffic(service, traffic, deadlineMs) : ok(observed);
      },
    })),
  },
  {
    name: "a service that a failed release made first is left",
    foundBy: "explained-set",
    plant: services(() => ({ remove: async () => {} })),
  },
  {
    name: "half of the traffic stays where it was",
    foundBy: "all-or-nothing",
    plant: services((own) => ({
      setTraffic: async (service, traffic, deadlineMs) => {
        const [first] = traffic;
        const other = (await own.get(service))?.traffic.find(({ revision }) => revision !== first.revision);
        if (traffic.length > 1 || other === undefined) return own.setTraffic(service, traffic, deadlineMs);
        const split = [
          { ...first, percent: 50 },
          { revision: other.revision, percent: 50 },
        ] as const;
        return own.setTraffic(service, split, deadlineMs);
      },
    })),
  },
  {
    name: "the hold after a rollback is forgotten",
    foundBy: "failure-holds",
    plant: telling((event) =>
      event.type === "release-ended" && event.outcome.kind === "rolled-back"
        ? { ...event, outcome: { kind: "failed", problem: event.outcome.problem } }
        : event,
    ),
  },
  {
    name: "a request that is sent again makes another release",
    foundBy: "one-release-per-request",
    plant: (ports, world) => {
      let asked = 0;
      const forgetful = telling((event) => {
        if (event.type !== "release-requested") return event;
        asked += 1;
        return { ...event, requestId: `${event.requestId} ${world.lives}.${asked}` };
      });
      return forgetful(ports, world);
    },
  },
  {
    name: "a migration waits until the candidates are made",
    foundBy: "migrations-first",
    plant: environment(({ builds }) => ({
      builds: {
        ...passing(builds),
        submit: (config) => {
          const isLate = (step: { readonly args?: readonly string[] }) => step.args?.[1] === "migrate";
          const [first, ...rest] = [...config.steps.filter((step) => !isLate(step)), ...config.steps.filter(isLate)];
          return builds.submit(first === undefined ? config : { ...config, steps: [first, ...rest] });
        },
      },
    })),
  },
  {
    name: "a migration is told of that was not made",
    foundBy: "log-and-world-agree",
    plant: environment(({ databases }) => ({
      databases: { ...passing(databases), applySql: async () => ok("already-applied") },
    })),
  },
  {
    name: "a cancelled release leaves its build running",
    foundBy: "nothing-left",
    plant: environment(({ builds }) => ({
      builds: {
        ...passing(builds),
        cancel: async () => {},
        get: async (id) => {
          const observed = await builds.get(id);
          return observed === undefined ? undefined : { ...observed, status: "CANCELLED" };
        },
      },
    })),
  },
  {
    name: "a lease is taken for a day, and not given back",
    foundBy: "nothing-left",
    plant: (ports) => ({
      ...ports,
      leases: {
        ...passing(ports.leases),
        acquire: (request) => ports.leases.acquire({ ...request, ttlMs: 24 * 3_600_000 }),
        release: async () => {},
      },
    }),
  },
  {
    name: "an acknowledged event is lost",
    foundBy: "legal-streams",
    plant: (ports, world) => {
      const losing = appending(async (append, request) => {
        const isLost = request.events.some((event) => eventOf(event).type === "release-ended");
        return isLost ? ok([]) : append(request);
      });
      return losing(ports, world);
    },
  },
  {
    name: "a conflict while traffic is given back ends the trying",
    foundBy: "restores",
    plant: services((own) => ({
      setTraffic: async (service, traffic, deadlineMs) => {
        const set = await own.setTraffic(service, traffic, deadlineMs);
        return set.ok ? set : err({ ...set.error, code: "traffic-not-set" });
      },
    })),
  },
  {
    name: "a crash loses what a release was about to do",
    foundBy: "expected-end",
    plant: environment((own, world) => ({
      images: {
        ...passing(own.images),
        resolve: async (reference) => (world.lives > 1 ? digestOf("another image") : own.images.resolve(reference)),
      },
      builds: {
        ...passing(own.builds),
        get: async (id) => (world.lives > 1 ? undefined : own.builds.get(id)),
      },
    })),
  },
  {
    name: "a release whose build is gone is waited for",
    foundBy: "every-release-ends",
    plant: environment(({ builds }) => ({
      builds: {
        ...passing(builds),
        get: async (id) => {
          const observed = await builds.get(id);
          return observed?.status === "FAILURE" ? { ...observed, status: "WORKING" } : observed;
        },
      },
    })),
  },
];
