/** What is known of a real installation: read from its databases, its cloud and its git, past the engine. */
import type { Recorded } from "../../../src/core/release/apply-event.ts";
import type { HistoryEntry } from "../../sim/sim-calls.ts";
import type { Witness } from "../witness.ts";
import type { RealWorld } from "./real-world.ts";
import { DATABASE, PROJECT, REGION } from "./small-platform.ts";

const SERVICES = `/v2/projects/${PROJECT}/locations/${REGION}/services`;

interface EventRow {
  readonly id: string;
  readonly stream: string;
  readonly sequence: number;
  readonly at: number;
  readonly actor: string;
  readonly payload: unknown;
}

/** Where in the installation's history a schedule began. */
export interface Mark {
  readonly event: number;
  readonly atMs: number;
}

export const BEGINNING: Mark = { event: 0, atMs: 0 };

/** Marks the present. */
export async function markNow(world: RealWorld): Promise<Mark> {
  const [row] = await world.query<{ last: string }>("server", "SELECT coalesce(max(id), 0) AS last FROM mobius.events");
  return { event: Number(row?.last ?? 0), atMs: Date.now() };
}

interface Dated {
  readonly atMs: number;
  readonly entry: HistoryEntry;
}

const OUTSIDE = { life: 0, ownToken: 0, token: 0 } as const;

function effect(atMs: number, name: string, subject: string): Dated {
  return { atMs, entry: { ...OUTSIDE, kind: "effect", effect: name, subject, detail: "" } };
}

/** Traffic of each service, and what exists of it. */
async function readServices(world: RealWorld): Promise<Pick<Witness, "after" | "revisions"> & { made: Dated[] }> {
  const { services = [] } = await world.ask<{ services?: readonly CloudService[] }>(SERVICES);
  const after: Record<string, Record<string, number>> = {};
  const revisions: Record<string, readonly string[]> = {};
  const made: Dated[] = [];
  for (const service of services) {
    const name = lastPart(service.name);
    const shares: Record<string, number> = {};
    for (const { revision, percent = 0 } of service.trafficStatuses ?? []) {
      const key = revision === undefined ? "the latest" : lastPart(revision);
      if (percent > 0) shares[key] = (shares[key] ?? 0) + percent;
    }
    after[name] = shares;
    const path = `${SERVICES}/${name}/revisions?pageSize=1000`;
    const { revisions: own = [] } = await world.ask<{ revisions?: readonly CloudRevision[] }>(path);
    revisions[name] = own.map((revision) => lastPart(revision.name));
    for (const each of own) made.push(effect(Date.parse(each.createTime), "revision", lastPart(each.name)));
  }
  return { after, revisions, made };
}

interface CloudService {
  readonly name: string;
  readonly uri: string;
  readonly trafficStatuses?: readonly { readonly revision?: string; readonly percent?: number }[];
}

interface CloudRevision {
  readonly name: string;
  readonly createTime: string;
}

interface CloudBuild {
  readonly id: string;
  readonly status: string;
  readonly createTime: string;
  readonly tags?: readonly string[];
}

/** Everything since a mark, in order: events as they were stored, effects by their own clocks. */
async function readHistory(world: RealWorld, since: Mark, others: readonly Dated[]): Promise<readonly HistoryEntry[]> {
  const rows = await world.query<EventRow>(
    "server",
    "SELECT id, stream, sequence, at, actor, payload FROM mobius.events WHERE id > $1 AND stream LIKE 'release/%' ORDER BY id",
    [since.event],
  );
  const effects = others.filter(({ atMs }) => atMs >= since.atMs).sort((a, b) => a.atMs - b.atMs);
  const history: HistoryEntry[] = [];
  for (const { stream, sequence, at, actor, payload } of rows) {
    // An event and its effect may bear the same millisecond: the event goes first.
    while (effects[0] !== undefined && effects[0].atMs < at) history.push(effects.shift()?.entry as HistoryEntry);
    const recorded = { sequence, at, actor, event: payload } as unknown as Recorded;
    history.push({ ...OUTSIDE, kind: "event", stream, recorded });
  }
  return [...history, ...effects.map(({ entry }) => entry)];
}

/** What the checkers of simulated schedules judge, read from a real installation. */
export async function readWitness(
  world: RealWorld,
  about: Pick<Witness, "asked" | "isReachable" | "expected" | "isHeld" | "before"> & {
    readonly since: Mark;
    readonly strays: readonly string[];
    readonly bugs: readonly string[];
  },
): Promise<Witness> {
  const { since, strays, bugs, ...given } = about;
  const { made, ...cloud } = await readServices(world);
  const builds = await readBuilds(world);
  const ledger = await world.query<{ identifier: string; state: string }>(
    "environment",
    "SELECT identifier, state FROM mobius.migration_ledger ORDER BY at",
    [],
    DATABASE,
  );
  const applied = await world.query<{ name: string; at_ms: number }>(
    "environment",
    "SELECT name, round(extract(epoch FROM at) * 1000)::double precision AS at_ms FROM effects",
    [],
    DATABASE,
  );
  const effects = [
    ...made,
    ...builds.map(({ createTime, tags = [] }) => effect(Date.parse(createTime), "build", tags.join(","))),
    ...applied.map(({ name, at_ms }) => effect(at_ms, "migration", name)),
  ];
  const history = await readHistory(world, since, effects);
  const working = builds.filter(({ status }) => ["QUEUED", "WORKING"].includes(status));
  const streams = new Set(history.flatMap((entry) => (entry.kind === "event" ? [entry.stream] : [])));
  return {
    ...given,
    ...cloud,
    history,
    ledger,
    writtenBack: await readRecords(world),
    leftOver: [...working.map(({ id }) => `build ${id}`), ...strays],
    leaseLeftMs: await leaseLeftMs(world),
    shown: await readShown(world, streams),
    bugs,
  };
}

async function readBuilds(world: RealWorld): Promise<readonly CloudBuild[]> {
  const all: CloudBuild[] = [];
  for (let token = ""; ; ) {
    const path = `/v1/projects/${PROJECT}/builds?pageSize=500&pageToken=${encodeURIComponent(token)}`;
    const page = await world.ask<{ builds?: readonly CloudBuild[]; nextPageToken?: string }>(path);
    all.push(...(page.builds ?? []));
    token = page.nextPageToken ?? "";
    if (token === "") return all;
  }
}

/** The release of each write-back commit, oldest first. */
async function readRecords(world: RealWorld): Promise<readonly string[]> {
  const format = "--format=%(trailers:key=Mobius-Release,valueonly)";
  const log = await world.here.git(".remotes/umbrella.git", "log", "--reverse", format, "main");
  return log.split("\n").filter((line) => line !== "");
}

async function leaseLeftMs(world: RealWorld): Promise<number> {
  const [row] = await world.query<{ left: number }>(
    "server",
    `SELECT coalesce(max(extract(epoch FROM expires_at - clock_timestamp()) * 1000), 0)::double precision AS left
      FROM mobius.leases WHERE name = 'environment/staging' AND expires_at > clock_timestamp()`,
  );
  return row?.left ?? 0;
}

async function readShown(world: RealWorld, streams: ReadonlySet<string>): Promise<Readonly<Record<string, string>>> {
  const shown: Record<string, string> = {};
  for (const stream of streams) {
    const id = stream.slice("release/".length);
    const { state, isFinished } = await world.ask<{ state: string; isFinished: boolean }>(`/api/v1/releases/${id}`);
    shown[id] = isFinished ? `ended ${state}` : state;
  }
  return shown;
}

/** What each service's address really answers with: the number of the change that it was built from. */
export async function readServed(world: RealWorld, service: string): Promise<number | undefined> {
  const { uri } = await world.ask<CloudService>(`${SERVICES}/${service}`);
  const answer = await fetch(uri).catch(() => undefined);
  const body = (await answer?.json().catch(() => undefined)) as { number?: number } | undefined;
  return body?.number;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
