/**
 * What is known of one schedule once it is over: everything that happened, in order, and what is there. Simulated and real
 * schedules give the same, so the same checkers judge both.
 */
import { foldRelease, type Recorded } from "../../src/core/release/apply-event.ts";
import type { Outcome } from "../../src/core/release/events.ts";
import type { Release } from "../../src/core/release/state.ts";
import type { HistoryEntry } from "../sim/sim-calls.ts";

/** Service → revision → share of the traffic in percent, above 0. */
export type Live = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Witness {
  readonly history: readonly HistoryEntry[];
  readonly before: Live;
  readonly after: Live;
  /** Service → revisions that exist at the end. */
  readonly revisions: Readonly<Record<string, readonly string[]>>;
  readonly ledger: readonly { readonly identifier: string; readonly state: string }[];
  /** The release of each write-back commit. */
  readonly writtenBack: readonly string[];
  /** What still runs: builds, processes. */
  readonly leftOver: readonly string[];
  /** How long the environment's lease is still held. */
  readonly leaseLeftMs: number;
  /** Release → stage, and outcome where it ended, as the server shows it. */
  readonly shown: Readonly<Record<string, string>>;
  /** The environment is held for a person. */
  readonly isHeld: boolean;
  /** The request ids that clients sent, each once. */
  readonly asked: readonly string[];
  /** How the first release ends without faults, where the faults of this schedule must not change that. */
  readonly expected?: Outcome["kind"];
  /** Whether the cloud answered well enough for traffic to be given back. */
  readonly isReachable: boolean;
  /** Faults of ours that the engine reported. */
  readonly bugs: readonly string[];
}

/** The events of each release, in the order of their storing. */
export function streamsOf({ history }: Pick<Witness, "history">): ReadonlyMap<string, readonly Recorded[]> {
  const streams = new Map<string, Recorded[]>();
  for (const entry of history) {
    if (entry.kind === "event") streams.set(entry.stream, [...(streams.get(entry.stream) ?? []), entry.recorded]);
  }
  return streams;
}

/** Every release as its events made it; one whose stream is illegal is left out. */
export function releasesOf(witness: Pick<Witness, "history">): readonly Release[] {
  return [...streamsOf(witness).values()].flatMap((events) => {
    const folded = foldRelease(events);
    return folded.ok ? [folded.value] : [];
  });
}

/** Stage, and outcome once it ended: `building`, `ended succeeded`. */
export function stageText({ stage }: Release): string {
  return stage.name === "ended" ? `ended ${stage.outcome.kind}` : stage.name;
}
