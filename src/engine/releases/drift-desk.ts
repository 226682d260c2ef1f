/**
 * Looks for drift: reads what is live, compares it with what releases left, and keeps what is new of that in the event log.
 * Changes nothing else. What cannot be read is unknown, and is said.
 */
import type { Drift, LiveEnvironment, Reading, SeenDrift } from "../../core/drift/drift.ts";
import {
  applyDriftSeen,
  DRIFT_VERSION,
  type DriftHistory,
  type DriftSeen,
  seenDrift,
  UNSEEN,
} from "../../core/drift/drift-events.ts";
import { type Expected, expectedOf, findDrift } from "../../core/drift/find-drift.ts";
import type { Revert } from "../../core/gates/decisions.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import { canonicalJson } from "../../core/values/digest.ts";
import { actorId } from "../../core/values/ids.ts";
import type { Instant } from "../../core/values/time.ts";
import type { DecisionStreams } from "./decision-streams.ts";
import type { Place } from "./places.ts";
import type { EnvironmentPorts, ReleasePorts } from "./release-ports.ts";
import type { ReleaseStreams } from "./release-streams.ts";

/** What a look at an environment found. */
export interface DriftReport {
  readonly environment: string;
  readonly checkedAt: Instant;
  /** A release that is under way makes differences of its own; they say nothing until it has ended. */
  readonly during?: string;
  /** `unreleased`: there is nothing to compare with. */
  readonly state: "in-sync" | "drifted" | "unknown" | "unreleased";
  readonly drifts: readonly SeenDrift[];
  /** How somebody had it reverted last. */
  readonly revert?: Revert;
}

/** What was released, and how what is live differs from it. */
export interface DriftLook {
  readonly expected: Expected;
  readonly live: LiveEnvironment;
  readonly drifts: readonly SeenDrift[];
}

interface DriftParts {
  readonly ports: Pick<ReleasePorts, "clock" | "eventLog">;
  readonly streams: ReleaseStreams;
  readonly decisions: DecisionStreams;
}

export type LivePlace = Place & { readonly environmentPorts: EnvironmentPorts };

/** Looks at one environment at a time, and knows what it saw there before. */
export class DriftDesk {
  readonly #parts: DriftParts;
  readonly #histories = new Map<string, DriftHistory>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: DriftParts) {
    this.#parts = parts;
  }

  /** One look, after those that are under way: each is compared with the one before. */
  check(place: LivePlace): Promise<DriftReport> {
    const turn = this.#turn.then(() => this.#check(place));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #check(place: LivePlace): Promise<DriftReport> {
    const { ports, streams, decisions } = this.#parts;
    const { name } = place.environment;
    const checkedAt = ports.clock.now();
    const during = this.underWay(name);
    const { revert } = decisions.of(name);
    const shared = {
      ...{ environment: name, checkedAt },
      ...(during === undefined ? {} : { during: during.id }),
      ...(revert === undefined ? {} : { revert }),
    };
    const expected = expectedOf(streams.all(), name);
    if (expected === undefined) return { ...shared, state: "unreleased", drifts: [] };
    const found = findDrift(expected, await readLive(place, expected));
    const history =
      during === undefined
        ? await this.#keep(name, found)
        : applyDriftSeen(await this.#history(name), {
            event: { type: "drift-seen", drifts: found },
            at: checkedAt,
            sequence: 0,
          });
    const drifts = seenDrift(history, decisions.of(name), checkedAt);
    return { ...shared, drifts, state: stateOf(drifts) };
  }

  /** What differs now; keeps nothing. Undefined where nothing was released. */
  async look(place: LivePlace): Promise<DriftLook | undefined> {
    const { ports, streams, decisions } = this.#parts;
    const { name } = place.environment;
    const expected = expectedOf(streams.all(), name);
    if (expected === undefined) return undefined;
    const live = await readLive(place, expected);
    const event: DriftSeen = { type: "drift-seen", drifts: findDrift(expected, live) };
    const at = ports.clock.now();
    const history = applyDriftSeen(await this.#history(name), { event, at, sequence: 0 });
    return { expected, live, drifts: seenDrift(history, decisions.of(name), at) };
  }

  /** The release that changes the environment now. */
  underWay(environment: string): Release | undefined {
    const releases = this.#parts.streams.all();
    return releases.find(
      (each) => each.plan.environment === environment && !isEnded(each) && each.stage.name !== "queued",
    );
  }

  /** Appends what is there now where it is another than before. */
  async #keep(environment: string, drifts: readonly Drift[]): Promise<DriftHistory> {
    const before = await this.#history(environment);
    if (canonicalJson(before.drifts) === canonicalJson(drifts)) return before;
    const { eventLog, clock } = this.#parts.ports;
    const event: DriftSeen = { type: "drift-seen", drifts };
    const at = clock.now();
    const appended = await eventLog.append({
      stream: `drift/${environment}`,
      expectedSequence: before.lastSequence,
      events: [{ event, version: DRIFT_VERSION, actor: actorId("system", ""), at }],
    });
    if (!appended.ok) throw new Error(`another server looks for drift in ${environment}`);
    const after = applyDriftSeen(before, { event, at, sequence: before.lastSequence + 1 });
    this.#histories.set(environment, after);
    return after;
  }

  async #history(environment: string): Promise<DriftHistory> {
    const known = this.#histories.get(environment);
    if (known !== undefined) return known;
    const events = await this.#parts.ports.eventLog.read<DriftSeen>(`drift/${environment}`);
    const history = events.reduce(applyDriftSeen, UNSEEN);
    this.#histories.set(environment, history);
    return history;
  }
}

function stateOf(drifts: readonly SeenDrift[]): DriftReport["state"] {
  const minded = drifts.filter(({ ignored }) => ignored === undefined);
  if (minded.some(({ kind }) => kind === "differs")) return "drifted";
  return minded.length === 0 ? "in-sync" : "unknown";
}

async function readLive(
  { platform, environment, environmentPorts }: LivePlace,
  expected: Expected,
): Promise<LiveEnvironment> {
  const { services, databases, secrets } = environmentPorts;
  const jobs = Object.values(expected.planned).filter(({ role }) => role === "job");
  const databaseNames = Object.keys(environment.databases).filter((name) => expected.migrations[name] !== undefined);
  const followed = Object.values(platform.services).flatMap((service) => Object.values(service.secrets));
  const latest = new Set(followed.filter(({ version }) => version === "latest").map(({ secret }) => secret));
  const [live, jobReadings, ledgers, versions] = await Promise.all([
    reading(() => services.list()),
    readings(
      jobs.map(({ service }) => service),
      (job) => services.observedJob(job),
    ),
    readings(databaseNames, (name) => databases.ledger(name)),
    readings([...latest], (secret) => secrets.latestVersion(secret)),
  ]);
  return { services: live, jobs: jobReadings, ledgers, secrets: versions };
}

async function readings<T>(
  names: readonly string[],
  read: (name: string) => Promise<T>,
): Promise<Record<string, Reading<T>>> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await reading(() => read(name))] as const)),
  );
}

async function reading<T>(read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { kind: "read", value: await read() };
  } catch (cause) {
    return {
      kind: "unreadable",
      reason: cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause),
    };
  }
}
