/** Checkers of the log: what it may hold, and what must stand in it before something happens outside. */
import { applyEvent } from "../../src/core/release/apply-event.ts";
import type { CanarySplit } from "../../src/core/release/events.ts";
import type { Release } from "../../src/core/release/state.ts";
import type { HistoryEntry } from "../sim/sim-calls.ts";
import { releasesOf, stageText, streamsOf, type Witness } from "./witness.ts";

/** I14: sequences without gaps, every event legal where it stands, nothing after the end, and the same state as shown. */
export function legalStreams(witness: Witness): readonly string[] {
  const wrong: string[] = [];
  for (const [stream, events] of streamsOf(witness)) {
    let release: Release | undefined;
    for (const [index, recorded] of events.entries()) {
      if (recorded.sequence !== index + 1) wrong.push(`${stream} has ${recorded.sequence} in place ${index + 1}`);
      const next = applyEvent(release, recorded);
      if (!next.ok) wrong.push(`${stream}: ${next.error.event} in stage ${next.error.stage}`);
      else release = next.value;
    }
    const shown = release === undefined ? undefined : witness.shown[release.id];
    if (release !== undefined && shown !== stageText(release)) {
      wrong.push(`${stream} is ${stageText(release)}, the server shows ${shown}`);
    }
  }
  return wrong;
}

/** I8: nothing is left under way. */
export function everyReleaseEnds(witness: Witness): readonly string[] {
  return releasesOf(witness).flatMap((release) =>
    release.stage.name === "ended" ? [] : [`${release.id} is ${stageText(release)}`],
  );
}

/** I12: what was asked for once is released once, and nothing that nobody asked for. */
export function oneReleasePerRequest(witness: Witness): readonly string[] {
  const ids = releasesOf(witness).map(({ requestId }) => requestId);
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} has more than one release`),
    ...ids.filter((id) => !witness.asked.includes(id)).map((id) => `${id} was never asked for`),
  ];
}

/** I1: between its lease and its end, a release is alone in its environment. */
export function oneHolder({ history }: Witness): readonly string[] {
  const wrong: string[] = [];
  const holding = new Set<string>();
  for (const entry of history) {
    if (entry.kind !== "event") continue;
    const { type } = entry.recorded.event;
    if (type === "lease-acquired") holding.add(entry.stream);
    if (type === "release-ended") holding.delete(entry.stream);
    if (holding.size > 1) wrong.push(`${[...holding].join(" and ")} hold the environment`);
  }
  return [...new Set(wrong)];
}

/** Effects that a server may still make that asked for its lease just before it was lost: one per service at a time. */
const UNDER_WAY = 4;

/** I1: nothing is written under a lease that another server has taken over, and next to nothing done. */
export function fencedWrites({ history }: Witness): readonly string[] {
  const wrong: string[] = [];
  const begun = new Set<string>();
  const stale = new Map<number, number>();
  for (const entry of history) {
    const isStale = entry.ownToken < entry.token;
    if (entry.kind === "effect") {
      if (isStale) stale.set(entry.life, (stale.get(entry.life) ?? 0) + 1);
      continue;
    }
    const { event, actor } = entry.recorded;
    if (isStale && begun.has(entry.stream) && actor === "system") {
      wrong.push(`${entry.stream}: ${event.type} under token ${entry.ownToken} when ${entry.token} held`);
    }
    if (event.type === "lease-acquired") begun.add(entry.stream);
  }
  const acting = [...stale].filter(([, count]) => count > UNDER_WAY);
  return [...wrong, ...acting.map(([life, count]) => `server ${life} did ${count} things after its lease was gone`)];
}

/** I4: every effect outside has an intent in the log that is older. */
export function intentBeforeEffect({ history }: Witness): readonly string[] {
  return history.flatMap((entry, index) => {
    if (entry.kind !== "effect") return [];
    const earlier = history.slice(0, index).flatMap((each) => (each.kind === "event" ? [each.recorded.event] : []));
    const isMeant = earlier.some((event) => announces(event, entry));
    return isMeant ? [] : [`${entry.effect} ${entry.subject} ${entry.detail} was not announced`.replaceAll(/ +/g, " ")];
  });
}

type Event = Extract<HistoryEntry, { kind: "event" }>["recorded"]["event"];

function announces(event: Event, effect: Extract<HistoryEntry, { kind: "effect" }>): boolean {
  const { subject, detail } = effect;
  switch (effect.effect) {
    case "build":
      return event.type === "build-intended" && subject.split(",").includes(event.tag);
    case "migration":
      return event.type === "migration-started" && event.identifier === subject;
    case "revision":
      // A rehearsal's revision is named for the candidate that it rehearses.
      return event.type === "candidate-intended" && event.revision === subject.replace(/-r$/, "");
    case "write-back":
      return event.type === "phase-started" && event.phase === "record";
    case "remove":
      return event.type === "candidate-intended" && event.service === subject && event.isFirst;
    case "traffic":
      return announcesTraffic(event, subject, detail);
    default:
      return false;
  }
}

/** Traffic stays where it was pinned, or goes where it was meant to; a first revision has to have its own. */
function announcesTraffic(event: Event, service: string, detail: string): boolean {
  const revision = detail.replace(/=100$/, "");
  switch (event.type) {
    case "traffic-pinned":
    case "traffic-intended":
      return event.service === service && event.revision === revision;
    case "canary-step-intended":
      return event.services.some((each) => each.service === service && splitText(event.percent, each) === detail);
    case "candidate-intended":
      return event.service === service && event.isFirst && event.revision === revision;
    default:
      return false;
  }
}

/** The traffic of a canary step, as the history has it. */
function splitText(percent: number, { serving, candidate }: CanarySplit): string {
  return [`${candidate}=${percent}`, ...(percent === 100 ? [] : [`${serving}=${100 - percent}`])].join(" ");
}
