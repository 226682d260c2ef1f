/** A place in a text file. Lines and columns count from 1, columns in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What the user wrote there, in the form "images.api: …", for the line that follows the position. */
export interface Where extends Position {
  readonly excerpt?: string;
}

/**
 * Something that the user can mend: bad input, a missing permission, a conflict. Travels as a value; the same object is
 * the CLI's JSON, the HTTP error detail and the payload of an event. `code` is a slug with a section in
 * docs/errors.md. `summary` says what failed, about which thing, without blame. `why` is the chain of causes, outermost
 * first. `fix` is an imperative that the reader can do now.
 */
export interface Problem {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly where?: Where;
  readonly why: readonly string[];
  readonly fix: string;
}

/** A list with at least one element. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** The text format of a problem (style guide 2.11), without a final line break. */
export function renderProblem(problem: Problem): string {
  const lines = [`${problem.severity}[${problem.code}]: ${problem.summary}`];
  if (problem.where !== undefined) {
    const { file, line, column, excerpt } = problem.where;
    lines.push(`  where: ${file}:${line}:${column}${excerpt === undefined ? "" : `   ${excerpt}`}`);
  }
  problem.why.forEach((cause, index) => {
    lines.push(`  ${index === 0 ? "why:  " : "      "} ${cause}`);
  });
  lines.push(`  fix:   ${problem.fix}`, `  more:  docs/errors.md#${problem.code}`);
  return lines.join("\n");
}
