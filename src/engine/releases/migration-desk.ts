/**
 * The migrations of an environment as people see them: what its ledgers hold, and what a person says of one that was
 * started and never finished. Its event comes before the ledger's change, and both under the environment's lease.
 */
import type { Baselined, Settlement } from "../../core/gates/decisions.ts";
import { findDirty, type NamedMigration } from "../../core/migrations/find-dirty.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { LedgerRow } from "../../ports/databases.ts";
import type { Person } from "./decision-desk.ts";
import type { DecisionStreams } from "./decision-streams.ts";
import { withEnvironmentLease } from "./environment-lease.ts";
import type { Place, Places } from "./places.ts";
import type { EnvironmentPorts, ReleasePorts } from "./release-ports.ts";

/** A row of a ledger, and the database in which it stands. */
export type PlacedRow = LedgerRow & { readonly database: string };

/** What the ledgers of an environment hold, oldest first within each database. */
export interface MigrationReport {
  readonly environment: string;
  readonly migrations: readonly PlacedRow[];
  /** What people said of dirty ones, oldest first. */
  readonly settlements: readonly Settlement[];
  /** What was taken over from before there was a ledger, oldest first. */
  readonly baselines: readonly Baselined[];
}

export interface MigrationParts {
  readonly ports: Pick<ReleasePorts, "clock" | "ids" | "leases" | "source" | "umbrella">;
  readonly places: Places;
  readonly decisions: DecisionStreams;
}

type Answer<T> = Result<T, NonEmpty<Problem>>;
type LivePlace = Place & { readonly environmentPorts: EnvironmentPorts };

/** Shows ledgers, and settles what a person has looked at. */
export class MigrationDesk {
  readonly #parts: MigrationParts;

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** What every ledger of the environment holds. */
  async list(name: string): Promise<Answer<MigrationReport>> {
    const place = await this.#parts.places.named(name);
    return place.ok ? ok(await this.#report(place.value)) : place;
  }

  /** Settles a dirty migration as the person says; another is refused, and nothing is changed. */
  async settle(
    name: string,
    person: Person,
    said: NamedMigration & Pick<Settlement, "outcome" | "reason">,
  ): Promise<Answer<MigrationReport>> {
    const place = await this.#parts.places.named(name);
    if (!place.ok) return place;
    const { environment, environmentPorts } = place.value;
    const purpose = `migrations resolve by ${person.name}`;
    const settled = await withEnvironmentLease(
      this.#parts.ports,
      { environment: environment.name, purpose },
      async (checkLease) => {
        const { migrations } = await this.#report(place.value);
        const dirty = findDirty(environment.name, migrations, said);
        if (!dirty.ok) return dirty;
        const { database, module, identifier } = dirty.value;
        const settlement = { database, module, identifier, outcome: said.outcome };
        await this.#parts.decisions.record(environment.name, person.actor, {
          type: "migration-settled",
          reason: said.reason,
          settled: settlement,
        });
        await checkLease();
        return environmentPorts.databases.settle(settlement);
      },
    );
    return settled.ok ? ok(await this.#report(place.value)) : err([settled.error]);
  }

  async #report({ environment, environmentPorts }: LivePlace): Promise<MigrationReport> {
    const ledgers = await Promise.all(
      Object.keys(environment.databases).map(async (database) =>
        (await environmentPorts.databases.ledger(database)).map((row) => ({ database, ...row })),
      ),
    );
    const { settlements, baselines } = this.#parts.decisions.of(environment.name);
    return { environment: environment.name, migrations: ledgers.flat(), settlements, baselines };
  }
}
