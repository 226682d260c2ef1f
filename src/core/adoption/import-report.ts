import type { LeftOver } from "./input-leaves.ts";

/** A credential that stood in plain text: what it is called now, and where it has to be set. Never the value. */
export interface PlannedSecret {
  readonly secret: string;
  readonly environments: readonly string[];
  /** Service and variable that use it. */
  readonly usedBy: readonly { readonly service: string; readonly variable: string }[];
}

/** A value that differs per environment: the platform file declares it, manifests give it. */
export interface PlannedOverride {
  readonly name: string;
  readonly type: "url" | "string";
  readonly values: Readonly<Record<string, string>>;
}

/** Something that was chosen or noticed, which a person should look at. */
export interface ImportNote {
  readonly subject: string;
  readonly text: string;
}

/** What became of the inputs beside what the file now holds. */
export interface ImportReport {
  readonly services: readonly {
    readonly service: string;
    readonly environments: readonly string[];
    readonly entries: number;
  }[];
  readonly secrets: readonly PlannedSecret[];
  readonly overrides: readonly PlannedOverride[];
  readonly notes: readonly ImportNote[];
  readonly left: readonly LeftOver[];
}

/** The report for people. */
export function renderImportReport(report: ImportReport): string {
  const settings = report.left.filter((each) => each.kind === "setting");
  const records = report.left.length - settings.length;
  return [
    ...section(
      "Taken over",
      report.services.map(
        ({ service, environments, entries }) =>
          `${service} (${environments.join(", ")}): ${count(entries, "entry", "entries")} added`,
      ),
    ),
    ...section(
      "Credentials in plain text: they are references now. Set each, and change what was in the open",
      report.secrets.flatMap(({ secret, environments, usedBy }) => [
        `${secret}, for ${usedBy.map(({ service, variable }) => `${service} ${variable}`).join(", ")}`,
        ...environments.map(
          (environment) => `  printf '%s' "$VALUE" | mobius secret set ${secret} --env ${environment}`,
        ),
      ]),
    ),
    ...section(
      "Different per environment: put these into the manifests' env_overrides",
      report.overrides.flatMap(({ name, values }) =>
        Object.entries(values).map(([environment, value]) => `${environment}: ${name}: ${JSON.stringify(value)}`),
      ),
    ),
    ...section(
      "Look at",
      report.notes.map(({ subject, text }) => `${subject}: ${text}`),
    ),
    ...section("Not taken over", settings.map(leftLine)),
    ...(records === 0
      ? []
      : [
          `\n${count(records, "value is", "values are")} the cloud's own record (status, versions, times), not settings. All of them: --json`,
        ]),
  ]
    .join("\n")
    .trim();
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`\n${title}:`, ...lines.map((line) => `  ${line}`)];
}

function leftLine({ source, path, because, value }: LeftOver): string {
  return `${source} ${path}${value === undefined ? "" : ` = ${JSON.stringify(value)}`}, because ${because}`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
