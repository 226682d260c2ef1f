import type { ImportNote, PlannedOverride, PlannedSecret } from "./import-report.ts";
import type { LeftOver } from "./input-leaves.ts";

/** One variable's values by environment. */
export type ValuesByEnvironment = Readonly<Record<string, string>>;

/** What an import finds on its way: gathered here, reported at the end. Chooses the names of secrets and overrides. */
export class ImportFindings {
  readonly left: LeftOver[] = [];
  readonly notes: ImportNote[] = [];
  /** Secret → its values by environment, which never leave this object, and who uses it. */
  readonly #secrets = new Map<
    string,
    { values: ValuesByEnvironment; usedBy: { service: string; variable: string }[] }
  >();
  readonly #overrides = new Map<string, PlannedOverride>();
  /** Names that the inputs or the file use already. */
  readonly #taken: ReadonlySet<string>;

  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  note(subject: string, text: string): void {
    if (!this.notes.some((each) => each.subject === subject && each.text === text)) this.notes.push({ subject, text });
  }

  /**
   * A secret for a credential in plain text: one name for the same values, whoever uses them, or the one that the platform
   * file declares already.
   */
  secretFor({ service, variable, declared }: NamedFor, values: ValuesByEnvironment): string {
    const short = variable.toLowerCase().replaceAll("_", "-").replace(/^-+/, "") || "secret";
    const isFree = (candidate: string) => {
      const known = this.#secrets.get(candidate);
      if (known === undefined) return !this.#taken.has(candidate);
      return !this.#taken.has(candidate) && agree(known.values, values);
    };
    const name = declared ?? choose([short, `${service}-${short}`], isFree);
    const known = this.#secrets.get(name);
    this.#secrets.set(name, {
      values: { ...known?.values, ...values },
      usedBy: [...(known?.usedBy ?? []), { service, variable }],
    });
    return name;
  }

  /** An override for a value that differs per environment: one name for the same values, or the one declared already. */
  overrideFor({ service, variable, declared }: NamedFor, values: ValuesByEnvironment): PlannedOverride {
    const short = variable.toLowerCase().replace(/^_+/, "") || "value";
    const isFree = (candidate: string) => {
      const known = this.#overrides.get(candidate);
      if (known === undefined || this.#taken.has(candidate)) return !this.#taken.has(candidate);
      return JSON.stringify(known.values) === JSON.stringify(values);
    };
    const name = declared ?? choose([short, `${service.replaceAll("-", "_")}_${short}`], isFree);
    const isUrl = Object.values(values).every((value) => /^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(value));
    const override = { name, type: isUrl ? "url" : "string", values } as const;
    this.#overrides.set(name, override);
    return override;
  }

  secrets(): readonly PlannedSecret[] {
    return [...this.#secrets].map(([secret, { values, usedBy }]) => ({
      secret,
      environments: Object.keys(values),
      usedBy,
    }));
  }

  overrides(): readonly PlannedOverride[] {
    return [...this.#overrides.values()];
  }
}

/** Who a name is for, and the name that the platform file has for it already. */
export interface NamedFor {
  readonly service: string;
  readonly variable: string;
  readonly declared: string | undefined;
}

function choose(candidates: readonly string[], isFree: (name: string) => boolean): string {
  const free = candidates.find(isFree);
  if (free !== undefined) return free;
  const last = candidates.at(-1) ?? "";
  for (let number = 2; ; number += 1) if (isFree(`${last}-${number}`)) return `${last}-${number}`;
}

function agree(known: ValuesByEnvironment, values: ValuesByEnvironment): boolean {
  return Object.entries(values).every(([environment, value]) => (known[environment] ?? value) === value);
}
