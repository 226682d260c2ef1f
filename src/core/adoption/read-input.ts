import { looksLikeCredential } from "../values/looks-like-credential.ts";
import type { Problem } from "../values/problem.ts";
import type { Found } from "./found.ts";
import type { LeftOver } from "./input-leaves.ts";
import { parseVariables, type VariableLine } from "./parse-variables.ts";
import { importInputUnknown, importServiceUnclear } from "./problems.ts";
import { readDescriptions } from "./read-descriptions.ts";

const SERVICE_NAME = /^[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?$/;
const VARIABLE = /^[A-Za-z_]\w*$/;
/** Names under which deploy files keep where they deploy to. */
const PROJECTS = ["PROJECT_ID", "GCP_PROJECT_ID", "GCP_PROJECT", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"];
const REGIONS = ["REGION", "GCP_REGION", "GOOGLE_CLOUD_REGION", "CLOUDSDK_RUN_REGION"];

interface Read {
  readonly found: readonly Found[];
  readonly problems: readonly Problem[];
}

/** Reads one input by what it is: a file of variables by its name, a description otherwise. */
export function readInput({ file, text }: { readonly file: string; readonly text: string }, service?: string): Read {
  const read = isVariables(file) ? readVariableFile(file, text, service) : readDescriptions(text, file);
  const problems = read.found
    .filter((each) => !SERVICE_NAME.test(each.service))
    .map((each) =>
      importInputUnknown(
        { file, line: 1, column: 1 },
        `"${each.service}" is no name of a service: lower-case letters, digits and -, at most 49 characters.`,
      ),
    );
  return { found: read.found, problems: [...read.problems, ...problems] };
}

function isVariables(file: string): boolean {
  return /\.env$|(^|\/)\.env(\.[\w-]+)?$/.test(file);
}

function readVariableFile(file: string, text: string, said: string | undefined): Read {
  const { variables, problems } = parseVariables(text, file);
  const service = said ?? serviceOf(file);
  if (service === undefined) return { found: [], problems: [...problems, importServiceUnclear(file)] };
  const source = `${file} (${service})`;
  const left: LeftOver[] = [];
  const env: Record<string, VariableLine> = {};
  for (const variable of variables) {
    const earlier = env[variable.name];
    if (!VARIABLE.test(variable.name))
      left.push(leftVariable(source, variable, "it has no name that a variable can have"));
    else if (earlier !== undefined && earlier.value !== variable.value) {
      left.push(leftVariable(source, earlier, `line ${variable.line} sets it again`));
    }
    if (VARIABLE.test(variable.name)) env[variable.name] = variable;
  }
  for (const { name, refersTo } of Object.values(env)) {
    const known = refersTo.filter((each) => env[each] !== undefined);
    if (known.length === 0) continue;
    const because = `a shell would put ${known.join(", ")} into it: it was taken as it stands`;
    left.push({ source, path: `env.${name}`, because, kind: "setting" });
  }
  const values = Object.fromEntries(
    Object.values(env).map(({ name, value }) => [name, { kind: "text", value } as const]),
  );
  const place = placeOf(file, env);
  return {
    found: [{ source, service, kind: "variables", place, addresses: [], run: {}, health: {}, env: values, left }],
    problems,
  };
}

function leftVariable(source: string, { name, value }: VariableLine, because: string): LeftOver {
  const isShown = !looksLikeCredential(name, value);
  return { source, path: `env.${name}`, because, kind: "setting", ...(isShown ? { value } : {}) };
}

function placeOf(file: string, env: Readonly<Record<string, VariableLine>>): Found["place"] {
  const firstValue = (names: readonly string[]) => names.map((name) => env[name]?.value).find((value) => value);
  const environment = /(?:^|\/)(?:\.env\.)?([A-Za-z][\w-]*)(?:\.env)?$/.exec(file)?.[1];
  const [project, region] = [firstValue(PROJECTS), firstValue(REGIONS)];
  return {
    ...(environment === undefined ? {} : { environment }),
    ...(project === undefined ? {} : { project }),
    ...(region === undefined ? {} : { region }),
  };
}

/** The folder above `deploy/`, or else the folder that the file is in. */
function serviceOf(file: string): string | undefined {
  const folders = file
    .split("/")
    .slice(0, -1)
    .filter((part) => part !== "" && part !== "." && part !== "..");
  const last = folders.at(-1) === "deploy" ? folders.at(-2) : folders.at(-1);
  return last?.toLowerCase();
}
