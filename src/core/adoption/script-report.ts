import type { ScriptJudgement } from "./judge-script.ts";
import type { RecordedScript } from "./recorded-script.ts";

/** One module's script, recorded and judged. */
export interface ScriptReport extends ScriptJudgement {
  readonly module: string;
  readonly script: string;
  readonly commit: string;
  readonly ended: RecordedScript["ended"];
  readonly calls: number;
  /** The last of what it printed. */
  readonly output: readonly string[];
}

/** The reports for people. */
export function renderScriptReports(reports: readonly ScriptReport[]): string {
  return reports.map(renderReport).join("\n\n");
}

function renderReport({ module, script, commit, calls, findings, ended, output, ...touched }: ScriptReport): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const verdict = errors === 0 ? "ok" : `${errors} ${errors === 1 ? "problem" : "problems"}`;
  const end = ended.kind === "exited" ? `exit ${ended.code}` : `ended after ${ended.afterMs / 1_000} s`;
  const shown = ended.kind === "deadline" || ended.code !== 0 ? output : [];
  return [
    `${module} ${script} at ${commit.slice(0, 12)}: ${verdict} (${end}, ${calls} calls recorded, nothing reached)`,
    ...Object.entries({
      projects: touched.projects,
      regions: touched.regions,
      services: touched.services,
      secrets: touched.secrets,
    }).flatMap(([name, values]) => (values.length === 0 ? [] : [`  ${name}: ${values.join(", ")}`])),
    ...findings.flatMap(({ kind, severity, text, fix }) => [`  ${severity}[${kind}]: ${text}`, `    fix: ${fix}`]),
    ...(shown.length === 0 ? [] : ["  it printed last:", ...shown.map((line) => `    ${line}`)]),
  ].join("\n");
}
