import type { Digest } from "../values/digest.ts";
import type { NonEmpty, Problem } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import { type AlembicRevision, identifierOf, withEarlier } from "./alembic-revisions.ts";
import {
  baselineChecksumDiffers,
  baselineMigrationMissing,
  baselineSourceMissing,
  baselineWithoutOrder,
  revisionRepeated,
} from "./baseline-problems.ts";
import { judgeMigration, type LedgerEntry } from "./judge-migration.ts";

/** Tables in which other tools keep what they applied. */
export const EARLIER_LEDGERS = ["schema_migrations", "alembic_version"] as const;
export type EarlierLedger = (typeof EARLIER_LEDGERS)[number];

/** What a person says the database has already. */
export type BaselineClaim =
  /** The rows of the other tool's table; undefined where the database has no such table. */
  | { readonly kind: "from"; readonly table: EarlierLedger; readonly rows: readonly EarlierRow[] | undefined }
  | { readonly kind: "through"; readonly identifier: string }
  | { readonly kind: "only"; readonly identifiers: readonly string[] };

export type EarlierRow = Readonly<Record<string, unknown>>;

/** A migration as the module's commit has it. */
export interface KnownMigration {
  readonly path: string;
  readonly checksum: Digest;
  readonly revision?: AlembicRevision;
}

export interface BaselineInput {
  readonly environment: string;
  readonly database: string;
  readonly module: string;
  readonly commit: string;
  readonly directory: string;
  /** The kind of a bare name, for messages. */
  readonly kind: string;
  readonly files: readonly KnownMigration[];
  readonly ledger: readonly LedgerEntry[];
  readonly claim: BaselineClaim;
}

/** What is to be written into the ledger, and what of the module's files stays without a row. */
export interface Baseline {
  readonly migrations: readonly {
    readonly identifier: string;
    readonly checksum: Digest;
    readonly state: "new" | "known";
  }[];
  readonly left: readonly string[];
}

/** What the ledger takes over from what the database has already, in order; every problem at once otherwise. */
export function planBaseline(input: BaselineInput): Result<Baseline, NonEmpty<Problem>> {
  const claimed = claimedOf(input);
  const problems: Problem[] = [...repeated(input.files), ...claimed.problems];
  const migrations: Baseline["migrations"][number][] = [];
  const byIdentifier = new Map(input.files.map((file) => [identifierOf(file), file]));
  const { environment, database, module } = input;
  for (const identifier of new Set(claimed.identifiers)) {
    const file = byIdentifier.get(identifier);
    if (file === undefined) continue;
    const { checksum } = file;
    const known = judgeMigration(input.ledger, { environment, database, module, identifier, checksum });
    if (known.ok) migrations.push({ identifier, checksum, state: known.value === "new" ? "new" : "known" });
    else problems.push(known.error);
  }
  // A dirty row of the ledger answers each of them alike.
  const [first, ...others] = problems.filter(
    ({ code, summary }, at) => problems.findIndex((each) => each.code === code && each.summary === summary) === at,
  );
  if (first !== undefined) return err([first, ...others]);
  const taken = new Set(
    [...migrations, ...input.ledger.filter((row) => row.module === module)].map((m) => m.identifier),
  );
  return ok({ migrations, left: [...byIdentifier.keys()].filter((identifier) => !taken.has(identifier)) });
}

interface Claimed {
  readonly identifiers: readonly string[];
  readonly problems: readonly Problem[];
}

function claimedOf(input: BaselineInput): Claimed {
  const { claim, files, module, kind } = input;
  if (claim.kind === "from") return fromTable(input, claim);
  const names = claim.kind === "only" ? claim.identifiers : [claim.identifier];
  const found = names.map((name) => [name, named(input, name)] as const);
  const problems = found.flatMap(([name, file]) => (file === undefined ? [baselineMigrationMissing(name, input)] : []));
  const meant = found.flatMap(([, file]) => file ?? []);
  const [last] = meant;
  if (claim.kind === "only" || last === undefined) return { identifiers: meant.map(identifierOf), problems };
  if (last.revision !== undefined)
    return { identifiers: withEarlier([last.revision.id], revisionsOf(files)), problems };
  if (!last.path.endsWith(".sql")) return { identifiers: [], problems: [baselineWithoutOrder(module, kind)] };
  // Numbers repeat in real folders (017_a, 017_b), so the order is that of whole names.
  const paths = files.map(({ path }) => path).filter((path) => path.endsWith(".sql") && path <= last.path);
  return { identifiers: paths.sort(), problems };
}

function fromTable(input: BaselineInput, claim: Extract<BaselineClaim, { kind: "from" }>): Claimed {
  const { table, rows } = claim;
  const refused = (reason: string): Claimed => ({
    identifiers: [],
    problems: [baselineSourceMissing(input.database, table, reason)],
  });
  if (rows === undefined) return refused("Its user sees no table of that name.");
  if (rows.length === 0) return refused("The table is empty.");
  const column =
    table === "alembic_version" ? "version_num" : ["filename", "name", "version"].find((c) => textOf(rows[0]?.[c]));
  if (column === undefined) return refused("It has none of the columns filename, name and version.");
  if (rows.some((row) => row.dirty === true))
    return refused("It says itself that a migration was left half-way (dirty).");
  const problems: Problem[] = [];
  const identifiers: string[] = [];
  for (const row of rows) {
    const name = textOf(row[column]) ?? "";
    const file = named(input, name);
    if (file === undefined) problems.push(baselineMigrationMissing(name, input));
    else {
      identifiers.push(identifierOf(file));
      problems.push(...differing(table, row, file));
    }
  }
  if (table === "schema_migrations") return { identifiers: identifiers.sort(), problems };
  return { identifiers: withEarlier(identifiers, revisionsOf(input.files)), problems };
}

/** Only a SHA-256 can be compared; other tools keep other sums, and most of them none. */
function differing(table: string, row: EarlierRow, file: KnownMigration): readonly Problem[] {
  const [, hex] = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(textOf(row.checksum) ?? "") ?? [];
  const theirs = `sha256:${hex?.toLowerCase()}`;
  if (hex === undefined || theirs === file.checksum) return [];
  return [baselineChecksumDiffers(identifierOf(file), { table, theirs, ours: file.checksum })];
}

/** By the whole name, as a manifest writes it: a bare file name stands in the module's folder. */
function named({ files, directory }: BaselineInput, name: string): KnownMigration | undefined {
  const inFolder = name.includes("/") || directory === "." ? name : `${directory}/${name}`;
  return files.find((file) => identifierOf(file) === name || (file.revision === undefined && file.path === inFolder));
}

function repeated(files: readonly KnownMigration[]): readonly Problem[] {
  const paths = Map.groupBy(files, identifierOf);
  return [...paths].flatMap(([id, same]) =>
    same.length > 1
      ? [
          revisionRepeated(
            id,
            same.map((file) => file.path),
          ),
        ]
      : [],
  );
}

function revisionsOf(files: readonly KnownMigration[]): readonly AlembicRevision[] {
  return files.flatMap(({ revision }) => revision ?? []);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;
}
