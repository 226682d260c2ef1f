import type { SeenDrift } from "../drift/drift.ts";
import { driftKey } from "../drift/drift.ts";
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
}

/** A report for people and programs. */
export function driftView({
  checkedAt,
  drifts,
  ...rest
}: Pick<DriftView, "environment" | "during" | "state"> & {
  readonly checkedAt: Instant;
  readonly drifts: readonly SeenDrift[];
}): DriftView {
  return {
    apiVersion: "mobius/v1",
    ...rest,
    checkedAt: toIso(checkedAt),
    drifts: drifts.map(({ ignored, firstSeen, ...drift }) => ({
      key: driftKey(drift),
      ...drift,
      firstSeen: toIso(firstSeen),
      ...(ignored === undefined ? {} : { ignored: { reason: ignored.reason, until: toIso(ignored.until) } }),
    })),
  };
}

/** The same as text: what differs, since when, and what can be done. */
export function driftText({ environment, state, drifts, during, checkedAt }: DriftView): string {
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
    "  Adopt it: declare it in mobius.yaml or the manifest, and release.",
    `  Revert it: mobius rollback ${environment} --to <the release that it should be>`,
    `  Let it be: mobius drift ${environment} --ignore "<service x: field>" --until <time> --reason "…"`,
  ];
  return [head, ...note, ...lines, ...ignored, ...(minded.length === 0 ? [] : ways)].join("\n");
}
