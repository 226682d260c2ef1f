import { ok } from "../../../core/values/result.ts";
import { formatDuration } from "../../../core/values/time.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";

/** Copies the databases that will be migrated before anything touches them. */
export async function backUp(context: PhaseContext): Promise<PhaseOutcome> {
  const { release, ports, environmentPorts, record } = context;
  const { id, plan, backup } = release();
  const pending = plan.actions.migrations.filter((migration) => migration.state === "to-apply");
  const databases = [...new Set(pending.map((migration) => migration.database))];
  if (databases.length === 0) return ok("no migration to apply, no backup needed");
  if (backup !== undefined) return ok(`${backup} was made before`);
  await context.checkLease();
  ports.reach("back-up:before");
  const made = await environmentPorts.databases.backUp(id.toLowerCase());
  ports.reach("back-up:after");
  await record({ type: "backed-up", backup: made.id, databases });
  return ok(
    `${made.id}, ${Math.ceil(made.bytes / 1024 / 1024)} MiB in ${formatDuration(made.durationMs)}, opened and read`,
  );
}
