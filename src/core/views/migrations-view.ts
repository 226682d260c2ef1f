import type { Baselined, Settlement } from "../gates/decisions.ts";
import { count } from "../values/count.ts";
import { type Instant, toIso } from "../values/time.ts";

/** What `mobius migrations list --json` prints. Times are RFC 3339. */
export interface MigrationsView {
  readonly apiVersion: "mobius/v1";
  readonly environment: string;
  /** By database, oldest first. */
  readonly migrations: readonly {
    readonly database: string;
    readonly module: string;
    readonly identifier: string;
    readonly checksum: string;
    readonly state: "applied" | "dirty";
    readonly release: string;
    readonly who: string;
    readonly at: string;
  }[];
  /** What people said of dirty ones, oldest first. */
  readonly settlements: readonly {
    readonly database: string;
    readonly module: string;
    readonly identifier: string;
    readonly outcome: "applied" | "not-applied";
    readonly by: string;
    readonly at: string;
    readonly reason: string;
  }[];
  /** What was taken over from before there was a ledger, oldest first. */
  readonly baselines: readonly {
    readonly database: string;
    readonly module: string;
    readonly commit: string;
    /** Another tool's table, or `by hand`. */
    readonly source: string;
    readonly identifiers: readonly string[];
    readonly by: string;
    readonly at: string;
    readonly reason: string;
  }[];
}

interface ShownRow {
  readonly database: string;
  readonly module: string;
  readonly identifier: string;
  readonly checksum: string;
  readonly state: "started" | "applied";
  readonly release: string;
  readonly who: string;
  readonly at: Instant;
}

/** The ledgers of an environment for people and programs. */
export function migrationsView(report: {
  readonly environment: string;
  readonly migrations: readonly ShownRow[];
  readonly settlements: readonly Settlement[];
  readonly baselines: readonly Baselined[];
}): MigrationsView {
  return {
    apiVersion: "mobius/v1",
    environment: report.environment,
    migrations: report.migrations.map(({ database, module, identifier, checksum, state, release, who, at }) => ({
      ...{ database, module, identifier, checksum, release, who },
      state: state === "started" ? "dirty" : "applied",
      at: toIso(at),
    })),
    settlements: report.settlements.map((settlement) => ({ ...settlement, at: toIso(settlement.at) })),
    baselines: report.baselines.map((baseline) => ({ ...baseline, at: toIso(baseline.at) })),
  };
}

/** The same as text: each database's ledger, what is dirty and what to do about it, and who settled what. */
export function migrationsText({ environment, migrations, settlements, baselines }: MigrationsView): string {
  const databases = [...new Set(migrations.map(({ database }) => database))];
  const dirty = migrations.filter(({ state }) => state === "dirty");
  const head =
    dirty.length === 0
      ? `${environment}: ${count(migrations.length, "migration")}, none of them dirty`
      : `${environment}: ${count(migrations.length, "migration")}, ${dirty.length} DIRTY: nothing more is migrated there`;
  return [
    head,
    ...databases.flatMap((database) => [
      `  ${database}`,
      ...migrations.filter((row) => row.database === database).map(rowLine),
    ]),
    ...dirty.flatMap(({ identifier }) => [
      "",
      `Look at what ${identifier} did, then say how it stands:`,
      `  mobius migrations resolve ${environment} ${identifier} --applied --reason "…"       all of it is there`,
      `  mobius migrations resolve ${environment} ${identifier} --not-applied --reason "…"   nothing of it is left`,
    ]),
    ...(settlements.length === 0 ? [] : ["", "Settled by people:"]),
    ...settlements.map(
      ({ database, identifier, outcome, by, at, reason }) =>
        `  ${at}  ${database}: ${identifier} ${outcome.replace("-", " ")}, said ${by}: ${reason}`,
    ),
    ...(baselines.length === 0 ? [] : ["", "Adopted, not run:"]),
    ...baselines.map(
      ({ database, module, source, identifiers, by, at, reason }) =>
        `  ${at}  ${database}: ${count(identifiers.length, "migration")} of ${module}, ${source === "by hand" ? source : `from ${source}`}, said ${by}: ${reason}`,
    ),
  ].join("\n");
}

function rowLine({ state, identifier, module, release, who, at }: MigrationsView["migrations"][number]): string {
  const mark = state === "dirty" ? "!" : " ";
  return `  ${mark} ${identifier}  (${module}) ${state === "dirty" ? "DIRTY, started" : "applied"} by ${release} of ${who}, ${at}`;
}
