import type { PlannedMigration } from "../../../core/plan/plan.ts";
import { count } from "../../../core/values/count.ts";
import type { Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";
import { releaseCancelled } from "../problems.ts";
import { applyMigration } from "./apply-migration.ts";

/**
 * Applies the manifest's `before` migrations, in order, one after another. What a ledger has as applied is passed over,
 * so the phase can be run again after a crash. Ends by pinning the traffic of every service that will be touched: from
 * here on nothing but the shift may move it.
 */
export async function migrate(context: PhaseContext): Promise<PhaseOutcome> {
  const applied = await applyAll(context, "before");
  return applied.ok ? ok(summary(applied.value)) : applied;
}

/** Applies those that had to wait until the old code was gone. */
export async function migrateAfterSoak(context: PhaseContext): Promise<PhaseOutcome> {
  const applied = await applyAll(context, "afterSoak");
  return applied.ok ? ok(summary(applied.value)) : applied;
}

function summary(applied: number): string {
  return applied === 0 ? "nothing to apply" : `${count(applied, "migration")} applied`;
}

async function applyAll(context: PhaseContext, when: PlannedMigration["when"]): Promise<Result<number, Problem>> {
  const { plan, appliedMigrations } = context.release();
  const pending = plan.actions.migrations.filter(
    (migration) =>
      migration.state === "to-apply" &&
      migration.when === when &&
      // Before a crash, this release may have applied some.
      !appliedMigrations.some(({ database, identifier }) => isSame(migration, database, identifier)),
  );
  let applied = 0;
  for (const migration of pending) {
    if (context.signal.aborted) return err(releaseCancelled("It was stopped while it migrated."));
    const startedMs = context.ports.clock.monotonicMs();
    const { database, identifier } = migration;
    await context.checkLease();
    await context.record({ type: "migration-started", database, identifier });
    context.ports.reach(`migrate:${identifier}:before`);
    const outcome = await applyMigration(context, migration);
    context.ports.reach(`migrate:${identifier}:after`);
    if (!outcome.ok) return outcome;
    const durationMs = context.ports.clock.monotonicMs() - startedMs;
    await context.record({ type: "migration-applied", database, identifier, durationMs });
    applied += 1;
  }
  return ok(applied);
}

function isSame(migration: PlannedMigration, database: string, identifier: string): boolean {
  return migration.database === database && migration.identifier === identifier;
}
