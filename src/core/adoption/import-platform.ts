/**
 * Adoption: from what runs today to `mobius.yaml`. Descriptions of services and files of variables become declarations; what
 * has no place in the file is reported, so that nothing is lost silently; credentials become references. Pure. Begin with
 * `importPlatform`.
 */
import { parsePlatform } from "../platform/parse-platform.ts";
import { PLATFORM_FILE, type Platform } from "../platform/platform.ts";
import type { NonEmpty, Problem } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import { addEntries } from "../yaml/add-entries.ts";
import { readYaml } from "../yaml/read-yaml.ts";
import { assignEnvironments, type Place, type Placed } from "./assign-environments.ts";
import { declareEnvironments } from "./declare-environments.ts";
import { ImageDeclarations } from "./declare-images.ts";
import { declareService } from "./declare-service.ts";
import type { Found } from "./found.ts";
import { ImportFindings } from "./import-findings.ts";
import type { ImportReport } from "./import-report.ts";
import { PlatformAdditions } from "./platform-additions.ts";
import { readInput } from "./read-input.ts";
import { nameOf, type UmbrellaModule } from "./umbrella-modules.ts";
import { AddressBook } from "./wire-addresses.ts";

export interface ImportRequest {
  /** Path as a person typed it, and text. */
  readonly inputs: readonly { readonly file: string; readonly text: string }[];
  /** What the inputs do not say. `service` is for files of variables. */
  readonly said: Place & { readonly service?: string };
  /** The platform file as it stands; undefined where there is none. */
  readonly existing?: string;
  /** The name of a new platform. */
  readonly name: string;
  /** Modules of the umbrella's `.gitmodules`. */
  readonly umbrella: readonly UmbrellaModule[];
}

export interface Imported {
  /** The whole platform file. */
  readonly text: string;
  readonly report: ImportReport;
}

/** Turns inputs into a platform file, or adds to one that there is. All problems of all inputs are found at once. */
export function importPlatform(request: ImportRequest): Result<Imported, NonEmpty<Problem>> {
  const start = request.existing ?? newPlatformFile(request.name);
  const platform = request.existing === undefined ? undefined : parsePlatform(request.existing, PLATFORM_FILE);
  const read = request.inputs.map((input) => readInput(input, request.said.service));
  const found = read.flatMap((each) => each.found);
  const existing = platform?.ok === true ? platform.value : undefined;
  const assigned = assignEnvironments(found, request.said, existing);
  const [first, ...rest] = [
    ...(platform?.ok === false ? platform.problems : []),
    ...read.flatMap((each) => each.problems),
    ...assigned.problems,
  ];
  if (first !== undefined) return err([first, ...rest]);
  const additions = new PlatformAdditions(rawValue(start));
  const findings = new ImportFindings(takenNames(found, existing));
  for (const each of found) findings.left.push(...each.left);
  const services = declareAll({ request, existing, placed: assigned.placed, additions, findings });
  declareEnvironments(assigned.environments, assigned.placed, additions, findings);
  for (const { name, type } of findings.overrides()) {
    if (existing?.overrides[name] === undefined) additions.declare(["overrides", name], { type });
  }
  const text = addEntries(start, additions.pieces(SECTIONS));
  const checked = parsePlatform(text, PLATFORM_FILE);
  if (!checked.ok) return err(checked.problems);
  const { notes, left } = findings;
  return ok({ text, report: { services, secrets: findings.secrets(), overrides: findings.overrides(), notes, left } });
}

function newPlatformFile(name: string): string {
  return `# yaml-language-server: $schema=./schemas/mobius.schema.json\nplatform: ${nameOf(name)}\n`;
}

function rawValue(text: string): unknown {
  const read = readYaml(text, PLATFORM_FILE);
  return read.ok ? read.value.value : {};
}

/** Names of secrets and overrides that mean something already. */
function takenNames(found: readonly Found[], platform: Platform | undefined): ReadonlySet<string> {
  const services = Object.values(platform?.services ?? {});
  const databases = Object.values(platform?.environments ?? {}).flatMap((each) => Object.values(each.databases));
  return new Set([
    ...found.flatMap(({ env }) =>
      Object.values(env).flatMap((value) => (value.kind === "secret" ? [value.secret] : [])),
    ),
    ...services.flatMap(({ secrets }) => Object.values(secrets).map(({ secret }) => secret)),
    ...databases.map(({ passwordSecret }) => passwordSecret),
    ...Object.keys(platform?.overrides ?? {}),
  ]);
}

function declareAll(context: {
  readonly request: ImportRequest;
  readonly existing: Platform | undefined;
  readonly placed: readonly Placed[];
  readonly additions: PlatformAdditions;
  readonly findings: ImportFindings;
}): ImportReport["services"] {
  const { request, existing, placed, additions, findings } = context;
  const declared = Object.keys(existing?.modules ?? {});
  const images = new ImageDeclarations({ declared, umbrella: request.umbrella }, additions, findings);
  const book = new AddressBook(placed, Object.keys(existing?.services ?? {}));
  const names = [...new Set(placed.map(({ found }) => found.service))];
  return names.map((service) => {
    // What runs speaks before what a file of variables says.
    const inputs = placed
      .filter(({ found }) => found.service === service)
      .sort((a, b) => Number(a.found.kind === "variables") - Number(b.found.kind === "variables"));
    const before = additions.additions.length;
    declareService({ service, inputs, existing: existing?.services[service], images, additions, findings, book });
    return {
      service,
      environments: [...new Set(inputs.map(({ environment }) => environment))],
      entries: additions.additions.slice(before).filter(({ path }) => path[0] === "services").length,
    };
  });
}

const SECTIONS = ["modules", "images", "services", "environments", "overrides"];
