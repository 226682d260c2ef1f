import type { SeenDrift } from "../drift/drift.ts";
import { driftKey } from "../drift/drift.ts";
import type { Revert } from "../gates/decisions.ts";
import { type Instant, toIso } from "../values/time.ts";

/** What `mobius drift --json` prints. Times are RFC 3339. */
export interface DriftView {
  readonly apiVersion: "mobius/v1";
  readonly environment: string;
  readonly checkedAt: string;
  readonly during?: string;
  readonly state: "in-sync" | "drifted" | "unknown" | "unreleased";
  readonly drifts: readonly {
    /** By which it is ignored. */
    readonly key: string;
    readonly subject: string;
    readonly field: string;
    readonly expected: string;
    readonly observed: string;
    readonly kind: "differs" | "unknown";
    readonly firstSeen: string;
    readonly ignored?: { readonly reason: string; readonly until: string };
  }[];
  /** How somebody had drift reverted last. */
  readonly revert?: {
    readonly by: string;
    readonly at: string;
    readonly reason: string;
    readonly steps: readonly string[];
    readonly state: "under-way" | "done" | "failed";
  };
}

/** A report for people and programs. */
export function driftView({
  checkedAt,
  drifts,
  revert,
  ...rest
}: Pick<DriftView, "environment" | "during" | "state"> & {
  readonly revert?: Revert;
  readonly checkedAt: Instant;
  readonly drifts: readonly SeenDrift[];
}): DriftView {
  return {
    apiVersion: "mobius/v1",
    ...rest,
    checkedAt: toIso(checkedAt),
    ...(revert === undefined ? {} : { revert: { ...revert, at: toIso(revert.at) } }),
    drifts: drifts.map(({ ignored, firstSeen, ...drift }) => ({
      key: driftKey(drift),
      ...drift,
      firstSeen: toIso(firstSeen),
      ...(ignored === undefined ? {} : { ignored: { reason: ignored.reason, until: toIso(ignored.until) } }),
    })),
  };
}

/** The same as text: what differs, since when, and what can be done. */
export function driftText({ environment, state, drifts, during, checkedAt, revert }: DriftView): string {
  if (state === "unreleased") return `Nothing was released to ${environment} yet: there is nothing to compare with.`;
  const head = `${environment} is ${state.replace("-", " ")}, looked at ${checkedAt}.`;
  const note = during === undefined ? [] : [`  ${during} is under way: differences may be its own.`];
  const minded = drifts.filter(({ ignored }) => ignored === undefined);
  const lines = minded.flatMap(({ key, expected, observed, kind, firstSeen }) => [
    `  ${kind === "unknown" ? "?" : "~"} ${key}`,
    `      expected ${expected}, ${kind === "unknown" ? "could not be looked at" : "found"}: ${observed}. First seen ${firstSeen}.`,
  ]);
  const ignored = drifts.flatMap(({ key, ignored: by }) =>
    by === undefined ? [] : [`  ignored until ${by.until}: ${key} (${by.reason})`],
  );
  const ways = [
    `  Adopt it: mobius drift ${environment} --adopt, then release.`,
    `  Revert it: mobius drift ${environment} --revert --reason "…"`,
    `  Let it be: mobius drift ${environment} --ignore "<service x: field>" --until <time> --reason "…"`,
  ];
  return [head, ...note, ...lines, ...ignored, ...revertLines(revert), ...(minded.length === 0 ? [] : ways)].join("\n");
}

function revertLines(revert: DriftView["revert"]): readonly string[] {
  if (revert === undefined) return [];
  const { by, at, reason, state } = revert;
  const said = reason === "" ? "" : ` (${reason})`;
  const ends = {
    done: "",
    failed: " Not all of it could be done.",
    "under-way": " It has not ended: where nobody is at it any more, ask for it again.",
  };
  return [`  reverted by ${by} at ${at}${said}.${ends[state]}`];
}
