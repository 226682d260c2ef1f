import { type Problem, renderProblem } from "./problem.ts";

export type ProblemFormat = "text" | "json" | "github" | "sarif";

/** Problems for people, programs, GitHub's annotations or a SARIF viewer. `texts`: file → text, for excerpts. */
export function renderProblems(
  problems: readonly Problem[],
  format: ProblemFormat,
  texts: ReadonlyMap<string, string> = new Map(),
): string {
  switch (format) {
    case "text":
      return problems.map((problem) => withExcerpt(problem, texts)).join("\n\n");
    case "json":
      return JSON.stringify({ apiVersion: "mobius/v1", problems }, undefined, 2);
    case "github":
      return problems.map(githubAnnotation).join("\n");
    case "sarif":
      return JSON.stringify(sarif(problems), undefined, 2);
  }
}

/** The problem with the line that it points at and a caret beneath the place. */
function withExcerpt(problem: Problem, texts: ReadonlyMap<string, string>): string {
  const { where } = problem;
  const line = where === undefined ? undefined : texts.get(where.file)?.split("\n")[where.line - 1];
  if (where === undefined || line === undefined) return renderProblem(problem);
  const gutter = `  ${where.line} | `;
  const caret = `${" ".repeat(gutter.length + where.column - 1)}^`;
  const rendered = renderProblem(problem).split("\n");
  return [...rendered.slice(0, 2), `${gutter}${line.replace(/\r$/, "")}`, caret, ...rendered.slice(2)].join("\n");
}

function githubAnnotation({ severity, code, summary, fix, where }: Problem): string {
  const place = where === undefined ? "" : ` file=${where.file},line=${where.line},col=${where.column},title=${code}`;
  const message = `${summary} ${fix}`.replaceAll("%", "%25").replaceAll("\n", "%0A");
  return `::${severity}${place}::${message}`;
}

function sarif(problems: readonly Problem[]): unknown {
  const results = problems.map(({ code, severity, summary, fix, where }) => ({
    ruleId: code,
    level: severity,
    message: { text: `${summary} ${fix}` },
    ...(where === undefined
      ? {}
      : {
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: where.file },
                region: { startLine: where.line, startColumn: where.column },
              },
            },
          ],
        }),
  }));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "mobius", rules: [] } }, results }],
  };
}
