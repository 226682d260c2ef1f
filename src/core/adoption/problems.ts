import type { NonEmpty, Problem, Where } from "../values/problem.ts";

/** A line of a file of variables that cannot be read. Its text is not shown: it may be a secret's. */
export function importLineInvalid(where: Where, why: string): Problem {
  return {
    code: "import-line-invalid",
    severity: "error",
    summary: "The line cannot be read as a variable.",
    where,
    why: [why],
    fix: "Write KEY=value, or begin the line with #. A value with quotes in it stands in the other kind of quotes.",
  };
}

/** A file that is neither a description of a service or job nor a file of variables. */
export function importInputUnknown(where: Where, what: string): Problem {
  return {
    code: "import-input-unknown",
    severity: "error",
    summary: "The file describes no service, job or variables.",
    where,
    why: [what],
    fix: "Give what `gcloud run services describe SERVICE --format=export` or `gcloud run jobs describe` prints, or a deploy/<env>.env file.",
  };
}

/** Nothing says to which service a file of variables belongs. */
export function importServiceUnclear(file: string): Problem {
  return {
    code: "import-service-unclear",
    severity: "error",
    summary: `Nothing says which service the variables of "${file}" belong to.`,
    where: { file, line: 1, column: 1 },
    why: ["The service is taken from the folder above deploy/, as in mobius-chat/deploy/dev.env."],
    fix: "Name it with --service, or give the path with its module's folder.",
  };
}

/** Nothing says to which environment an input belongs, or what the environment's project or region is. */
export function importEnvironmentUnclear(source: string, missing: NonEmpty<string>): Problem {
  return {
    code: "import-environment-unclear",
    severity: "error",
    summary: `The environment of ${source} is not clear.`,
    why: [`The input does not say its ${missing.join(" or ")}.`],
    fix: `Add ${missing.map((each) => OPTIONS[each] ?? each).join(" and ")}, or import the environment's services with it.`,
  };
}

const OPTIONS: Readonly<Record<string, string>> = {
  name: "--env NAME",
  project: "--project ID",
  region: "--region REGION",
};

/** Two inputs describe one service in one environment. */
export function importTwice(service: string, environment: string, sources: readonly [string, string]): Problem {
  return {
    code: "import-twice",
    severity: "error",
    summary: `Service "${service}" of ${environment} is described twice.`,
    why: [`By ${sources[0]}, and by ${sources[1]}.`],
    fix: "Give one description of it; where they are of two environments, import each by itself with --env.",
  };
}
