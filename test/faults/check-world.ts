/** Checkers of the world: what may be there at the end, and that the log tells of it. */
import type { Release } from "../../src/core/release/state.ts";
import { type Live, releasesOf, stageText, streamsOf, type Witness } from "./witness.ts";

/** I6: one revision, one migration, one build, one record for each that was meant, however often it was tried. */
export function effectsOnce(witness: Witness): readonly string[] {
  const effects = witness.history.flatMap((entry) =>
    entry.kind === "effect" && entry.effect !== "traffic" && entry.effect !== "remove"
      ? [`${entry.effect} ${entry.subject}`]
      : [],
  );
  const applied = [...streamsOf(witness).values()].flat().flatMap(({ event }) => {
    return event.type === "migration-applied" ? [`migration-applied ${event.identifier}`] : [];
  });
  const rows = witness.ledger.map(({ identifier }) => `ledger row ${identifier}`);
  const records = witness.writtenBack.map((release) => `record of ${release}`);
  return [effects, applied, rows, records].flatMap((list) =>
    list.filter((item, index) => list.indexOf(item) !== index).map((item) => `${item}: more than once`),
  );
}

/** I3: no candidate is made before the migrations that its release needs are in the ledger. */
export function migrationsFirst({ history }: Witness): readonly string[] {
  const wrong: string[] = [];
  const applied = new Set<string>();
  const needed = new Map<string, readonly string[]>();
  for (const entry of history) {
    if (entry.kind === "effect") {
      if (entry.effect === "migration") applied.add(entry.subject);
      continue;
    }
    const { event } = entry.recorded;
    if (event.type === "release-requested") {
      const before = event.plan.actions.migrations.filter(
        ({ when, state }) => when === "before" && state !== "applied",
      );
      needed.set(
        entry.stream,
        before.map(({ identifier }) => identifier),
      );
    }
    if (event.type === "migration-applied") applied.add(event.identifier);
    const missing = (needed.get(entry.stream) ?? []).filter((identifier) => !applied.has(identifier));
    if (event.type === "candidate-intended" && missing.length > 0) {
      wrong.push(`${event.revision} before ${missing.join(", ")}`);
    }
  }
  return wrong;
}

/** I11: all of each service's traffic is on one revision that exists. */
export function allOrNothing({ after, revisions }: Witness): readonly string[] {
  return Object.entries(after).flatMap(([service, shares]) => {
    const [entry, ...others] = Object.entries(shares);
    if (entry === undefined || others.length > 0 || entry[1] !== 100) {
      return [`${service} has ${JSON.stringify(shares)}`];
    }
    return revisions[service]?.includes(entry[0]) === true ? [] : [`${service} serves ${entry[0]}, which is gone`];
  });
}

/** I11: what serves is the set of the last release that stayed, and after a failure the one before it. */
export function explainedSet(witness: Witness): readonly string[] {
  const releases = inOrderOfEnd(witness);
  // A person has to look at what could not be restored.
  if (releases.some((release) => stageText(release) === "ended rollback-failed")) return [];
  let expected: Live = witness.before;
  for (const release of releases) if (stays(release)) expected = { ...expected, ...setOf(release) };
  const names = [...new Set([...Object.keys(expected), ...Object.keys(witness.after)])].sort();
  return names.flatMap((service) => {
    const [is, should] = [witness.after[service], expected[service]].map((live) => JSON.stringify(live ?? {}));
    return is === should ? [] : [`${service} serves ${is}, and ${should} would be explained`];
  });
}

/** By the order in the log: clocks are set. */
function inOrderOfEnd(witness: Witness): readonly Release[] {
  const ended = witness.history.flatMap((entry) =>
    entry.kind === "event" && entry.recorded.event.type === "release-ended" ? [entry.stream] : [],
  );
  const releases = releasesOf(witness);
  return ended.flatMap((stream) => releases.find(({ id }) => stream === `release/${id}`) ?? []);
}

/** Traffic stays where a release put it once the set was verified; a rollback stays where it got to. */
function stays(release: Release): boolean {
  const isVerified = release.phases.some(({ phase, outcome }) => phase === "verify" && outcome.kind === "succeeded");
  return isVerified || (release.plan.actions.rollback !== undefined && stageText(release) === "ended failed");
}

function setOf(release: Release): Live {
  return Object.fromEntries(release.shifts.map(({ service, revision }) => [service, { [revision]: 100 }]));
}

/** I5: what the log says was done is there, and what is there the log says. */
export function logAndWorldAgree(witness: Witness): readonly string[] {
  const rows = witness.ledger.map(({ identifier, state }) => `${identifier} ${state}`);
  return releasesOf(witness).flatMap((release) => {
    const { id, appliedMigrations, phases, shifts } = release;
    const isMigrated = phases.some(({ phase, outcome }) => phase === "migrate" && outcome.kind === "succeeded");
    const planned = release.plan.actions.migrations.filter(({ when }) => when === "before");
    const done = [...appliedMigrations, ...(isMigrated ? planned : [])].map(({ identifier }) => identifier);
    const succeeded = stageText(release) === "ended succeeded";
    return [
      ...[...new Set(done)].filter((name) => !rows.includes(`${name} applied`)).map((name) => `${name} is not applied`),
      ...(succeeded && !witness.writtenBack.includes(id) ? [`${id} succeeded without a record`] : []),
      ...(succeeded && shifts.some(({ done: moved }) => moved === undefined) ? [`${id} has an unfinished shift`] : []),
    ];
  });
}

/** I10: no build, process or lease outlives its release; a lease that nobody gave back ends by itself within this time. */
const LEASE_MS = 30_000;
export function nothingLeft({ leftOver, leaseLeftMs }: Witness): readonly string[] {
  return [
    ...leftOver.map((what) => `${what} is left`),
    ...(leaseLeftMs > LEASE_MS ? [`the lease is held for ${leaseLeftMs} ms more`] : []),
  ];
}

/** I17: traffic that had moved and came back leaves a hold, and the release says so. */
export function failureHolds(witness: Witness): readonly string[] {
  const last = releasesOf(witness).at(-1);
  if (last === undefined || last.stage.name !== "ended" || last.cancelReason !== undefined) return [];
  const hasMoved = last.shifts.some(({ done }) => done !== undefined) && !stays(last);
  const isTold = /rolled-back|rollback-failed/.test(stageText(last));
  if (hasMoved && !isTold) return [`${last.id} is ${stageText(last)}, and its traffic had moved`];
  return isTold && !witness.isHeld ? [`${last.id} is ${stageText(last)}, and nothing is held`] : [];
}

/** I17: a release fails to give traffic back only where the cloud could not be reached for it. */
export function restores(witness: Witness): readonly string[] {
  if (!witness.isReachable) return [];
  const failed = releasesOf(witness).filter((release) => stageText(release) === "ended rollback-failed");
  return failed.map(({ id }) => `${id} did not give traffic back, and nothing kept it from that`);
}

/** What faults must not change: a release that no answer failed ends as it does without faults. */
export function expectedEnd(witness: Witness): readonly string[] {
  const [first] = releasesOf(witness);
  if (witness.expected === undefined || first === undefined) return [];
  const is = stageText(first);
  return is === `ended ${witness.expected}` ? [] : [`${first.id} is ${is}, not ${witness.expected}`];
}
