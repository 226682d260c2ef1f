import type { Baseline } from "../migrations/plan-baseline.ts";
import { count } from "../values/count.ts";

/** What `mobius migrations baseline --json` prints. */
export interface BaselineView {
  readonly apiVersion: "mobius/v1";
  readonly environment: string;
  readonly database: string;
  readonly module: string;
  readonly commit: string;
  /** Nothing was written. */
  readonly dryRun: boolean;
  /** `known`: the ledger had it before. */
  readonly migrations: readonly {
    readonly identifier: string;
    readonly checksum: string;
    readonly state: "new" | "known";
  }[];
  /** Files of the module's folder that have no row afterwards: they count as not applied. */
  readonly left: readonly string[];
}

/** How many names of files that are left are shown. */
const SHOWN = 20;

/** A baseline for people and programs. */
export function baselineView(
  report: Baseline & Pick<BaselineView, "environment" | "database" | "module" | "commit" | "dryRun">,
): BaselineView {
  const { environment, database, module, commit, dryRun, migrations, left } = report;
  return { apiVersion: "mobius/v1", environment, database, module, commit, dryRun, migrations, left };
}

/** The same as text. */
export function baselineText({
  environment,
  database,
  module,
  commit,
  dryRun,
  migrations,
  left,
}: BaselineView): string {
  const added = migrations.filter(({ state }) => state === "new");
  const known = migrations.length - added.length;
  const verb = dryRun ? "would be adopted" : "adopted";
  const more = left.length > SHOWN ? [`  … and ${left.length - SHOWN} more`] : [];
  return [
    `${database} of ${environment}: ${count(added.length, "migration")} of ${module} ${verb}, at ${commit.slice(0, 12)}`,
    ...added.map(({ identifier }) => `  ${identifier}`),
    ...(known === 0 ? [] : [`${known} stood in its ledger already.`]),
    ...(left.length === 0
      ? []
      : ["Not applied, as far as the ledger knows:", ...left.slice(0, SHOWN).map((l) => `  ${l}`)]),
    ...more,
    ...(dryRun ? ["Nothing was written."] : []),
  ].join("\n");
}
