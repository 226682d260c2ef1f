import type { Problem } from "../values/problem.ts";
import type { BuildConfig } from "./build-config.ts";
import type { BuildFile } from "./parse-build-config.ts";
import type { Edit } from "./splice.ts";

/** A problem with the edits that remove it; without any where a person has to decide. */
export interface Finding {
  readonly problem: Problem;
  readonly edits: readonly Edit[];
}

/** What a check of a build file looks at. */
export interface LintSubject {
  readonly text: string;
  readonly file: BuildFile;
  readonly config: BuildConfig;
}
