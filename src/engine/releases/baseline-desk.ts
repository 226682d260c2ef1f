/**
 * Takes over a database that something else has migrated so far: what a person, or another tool's table, says it has
 * becomes rows of its ledger, and nothing is run. The event comes before the rows, and both under the environment's lease.
 */
import { baselineModuleUnclear } from "../../core/migrations/baseline-problems.ts";
import {
  type Baseline,
  type BaselineClaim,
  type EarlierLedger,
  planBaseline,
} from "../../core/migrations/plan-baseline.ts";
import { commitAmbiguous, commitNotPushed, repositoryUnreachable } from "../../core/plan/problems.ts";
import type { Module, ModuleMigrations } from "../../core/platform/platform.ts";
import type { CommitId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Person } from "./decision-desk.ts";
import { withEnvironmentLease } from "./environment-lease.ts";
import type { MigrationParts } from "./migration-desk.ts";
import { migrationFiles } from "./migration-files.ts";
import type { Place } from "./places.ts";
import type { EnvironmentPorts } from "./release-ports.ts";

/** What a person asks for. `name` is a module's, or a database's that one module migrates. */
export interface BaselineRequest {
  readonly name: string;
  readonly said: Exclude<BaselineClaim, { kind: "from" }> | { readonly kind: "from"; readonly table: EarlierLedger };
  /** A commit, tag or branch of the module; its remote's head where none is given. */
  readonly commit?: string;
  readonly reason: string;
  /** Shows what would be written. */
  readonly dryRun: boolean;
}

/** What was written, or would be. */
export interface BaselineReport extends Baseline {
  readonly environment: string;
  readonly database: string;
  readonly module: string;
  readonly commit: CommitId;
  readonly dryRun: boolean;
}

type Answer<T> = Result<T, NonEmpty<Problem>>;
type LivePlace = Place & { readonly environmentPorts: EnvironmentPorts };
type Migrated = Module & { readonly migrations: ModuleMigrations };

/** Adopts existing databases. */
export class BaselineDesk {
  readonly #parts: MigrationParts;

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** Writes the rows, or says why nothing is written: all problems at once. */
  async adopt(name: string, person: Person, request: BaselineRequest): Promise<Answer<BaselineReport>> {
    const place = await this.#parts.places.named(name);
    if (!place.ok) return place;
    const module = moduleMeant(place.value, request.name);
    if (!module.ok) return err([module.error]);
    if (request.dryRun) return this.#planned(place.value, module.value, request);
    const environment = place.value.environment.name;
    const purpose = `migrations baseline by ${person.name}`;
    // The lease's own answer is one problem; those of the plan may be more.
    let refused: NonEmpty<Problem> | undefined;
    const adopted = await withEnvironmentLease(this.#parts.ports, { environment, purpose }, async (checkLease) => {
      const planned = await this.#planned(place.value, module.value, request);
      if (!planned.ok) {
        refused = planned.error;
        return err(planned.error[0]);
      }
      await checkLease();
      return this.#write(place.value, person, { request, report: planned.value });
    });
    return adopted.ok ? adopted : err(refused ?? [adopted.error]);
  }

  async #write(
    { environmentPorts }: LivePlace,
    person: Person,
    { request, report }: { readonly request: BaselineRequest; readonly report: BaselineReport },
  ): Promise<Result<BaselineReport, Problem>> {
    const { environment, database, module, commit } = report;
    const migrations = report.migrations.filter(({ state }) => state === "new");
    if (migrations.length === 0) return ok(report);
    const source = request.said.kind === "from" ? request.said.table : "by hand";
    const identifiers = migrations.map(({ identifier }) => identifier);
    await this.#parts.decisions.record(environment, person.actor, {
      type: "migrations-adopted",
      reason: request.reason,
      adopted: { database, module, commit, source, identifiers },
    });
    const who = person.actor;
    const adopted = await environmentPorts.databases.adopt({ environment, database, module, migrations, source, who });
    return adopted.ok ? ok(report) : adopted;
  }

  async #planned(
    { environment, environmentPorts }: LivePlace,
    module: Migrated,
    { said, commit: ref = "HEAD", dryRun }: BaselineRequest,
  ): Promise<Answer<BaselineReport>> {
    const { source, umbrella } = this.#parts.ports;
    const repository = module.source.kind === "umbrella" ? umbrella : module.source.url;
    const refreshed = await source.refresh(repository);
    const resolved = refreshed.ok ? await source.resolve(repository, ref) : refreshed;
    if (!resolved.ok) {
      const { kind } = resolved.error;
      if (resolved.error.kind === "unreachable") {
        return err([repositoryUnreachable(module.name, repository, resolved.error.reason)]);
      }
      return err([
        kind === "ambiguous" ? commitAmbiguous(module.name, ref) : commitNotPushed(module.name, ref, repository),
      ]);
    }
    const commit = resolved.value;
    const { database, directory, kinds } = module.migrations;
    const names = said.kind === "only" ? said.identifiers : said.kind === "through" ? [said.identifier] : [];
    const { databases } = environmentPorts;
    const [files, ledger, claim] = await Promise.all([
      migrationFiles(source, { repository, commit }, { migrations: module.migrations, named: names }),
      databases.ledger(database),
      said.kind === "from" ? databases.earlierRows(database, said.table).then((rows) => ({ ...said, rows })) : said,
    ]);
    const about = { environment: environment.name, database, module: module.name, commit };
    const baseline = planBaseline({ ...about, directory, kind: kinds[0], files, ledger, claim });
    return baseline.ok ? ok({ ...about, dryRun, ...baseline.value }) : baseline;
  }
}

/** By its own name, or by that of a database which no other module migrates. */
function moduleMeant({ platform, environment }: Place, name: string): Result<Migrated, Problem> {
  const migrated = Object.values(platform.modules).filter(
    (module): module is Migrated =>
      module.migrations !== undefined && environment.databases[module.migrations.database] !== undefined,
  );
  const own = migrated.filter((module) => module.name === name);
  const meant = own.length > 0 ? own : migrated.filter((module) => module.migrations.database === name);
  const [first, ...others] = meant;
  if (first !== undefined && others.length === 0) return ok(first);
  return err(
    baselineModuleUnclear(
      name,
      migrated.map((module) => module.name),
    ),
  );
}
