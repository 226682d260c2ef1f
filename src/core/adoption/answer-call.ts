import { deployedService, flagValue, type GcloudCall, isCall, parseGcloud } from "./gcloud-call.ts";
import type { CallAnswer, RecordedCall } from "./recorded-script.ts";

/** Programs that reach outside: a recorded run has these answered in their place. */
export const RECORDED_PROGRAMS: readonly string[] = [
  ...["gcloud", "gsutil", "bq", "docker", "podman", "curl", "wget", "npm", "npx", "yarn", "pnpm", "pip", "pip3"],
  ...["psql", "pg_dump", "alembic", "cloud-sql-proxy", "cloud_sql_proxy", "nc", "ssh", "scp", "rsync", "terraform"],
  ...["kubectl", "firebase", "helm", "mobius", "open", "xdg-open"],
];

/** What a script gets where it asks for the machine's own project: a name that nothing has, so that its use shows. */
export const AMBIENT_PROJECT = "ambient-project-of-the-machine";
const PROJECT_NUMBER = "1097654321";
const DUMMY = "recorded-run-dummy";

/** The most permissive answer there is: everything exists, every change works, and nothing happens. */
export function answerCall({ program, argv }: RecordedCall): CallAnswer {
  if (program === "gcloud") return answerGcloud(parseGcloud(argv));
  if (program === "curl") return said(curlAnswer(argv));
  if (program === "docker" && argv[0] === "images") return said("sha256:0000000000000000");
  return said("");
}

function answerGcloud(call: GcloudCall): CallAnswer {
  if (isCall(call, "config", "get-value") || isCall(call, "config", "get")) {
    return said(call.words[2]?.endsWith("project") === true ? AMBIENT_PROJECT : "");
  }
  if (isCall(call, "auth") && /^print-/.test(call.words[1] ?? "")) return said(DUMMY);
  // Read raw: a secret has no line break of its own.
  if (isCall(call, "secrets", "versions", "access")) return { stdout: DUMMY, stderr: "", exit: 0 };
  const format = flagValue(call, "format") ?? "";
  if (format.startsWith("value(")) return said(valuesFor(call, format.slice("value(".length, -1)));
  if (format === "json") return said(JSON.stringify(resourceOf(call)));
  if (isCall(call, "builds", "submit")) return said(`ID: ${DUMMY}  STATUS: SUCCESS`);
  return said("");
}

/** Fields by tabs, as gcloud prints them. */
function valuesFor(call: GcloudCall, fields: string): string {
  return fields
    .split(/,(?![^[(]*[\])])/)
    .map((field) => valueFor(call, field.trim()))
    .join("\t");
}

function valueFor(call: GcloudCall, field: string): string {
  const name = nameIn(call);
  if (/url|uri/i.test(field)) return `https://${name}-${PROJECT_NUMBER}.us-central1.run.app`;
  if (/projectNumber/.test(field)) return PROJECT_NUMBER;
  if (/revision/i.test(field)) return `${name}-00001-abc`;
  if (/status|state/i.test(field)) return "SUCCESS";
  if (/tags/i.test(field)) return "latest";
  if (/scale|percent/i.test(field)) return "1";
  return name;
}

function resourceOf(call: GcloudCall): unknown {
  if (call.words.at(-1) === "list") return [];
  const name = nameIn(call);
  return { name, metadata: { name }, status: { url: valueFor(call, "status.url") }, uri: valueFor(call, "uri") };
}

function nameIn(call: GcloudCall): string {
  return deployedService(call) ?? call.words[3] ?? call.words.at(-1) ?? DUMMY;
}

/** A body of nothing, or the status that the script asks curl to write. */
function curlAnswer(argv: readonly string[]): string {
  const at = argv.findIndex((word) => word === "-w" || word === "--write-out");
  const format = at >= 0 ? (argv[at + 1] ?? "") : "";
  const isKept = argv.some((word) => /^(-[a-zA-Z]*o|--output)$/.test(word));
  const written = format.replaceAll("%{http_code}", "200").replaceAll("\\n", "\n");
  return `${isKept ? "" : "{}"}${written}`;
}

function said(text: string): CallAnswer {
  return { stdout: text === "" ? "" : `${text}\n`, stderr: "", exit: 0 };
}
