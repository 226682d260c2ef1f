import type { Service } from "../platform/platform.ts";
import type { YamlTree } from "../yaml/add-entries.ts";
import type { Placed } from "./assign-environments.ts";
import type { ImageDeclarations } from "./declare-images.ts";
import type { ImportFindings } from "./import-findings.ts";
import { leaveImageVersion, mergeSettings, roleOf } from "./merge-settings.ts";
import { DECLARED_OTHERWISE, VariableMerger } from "./merge-variables.ts";
import type { PlatformAdditions } from "./platform-additions.ts";
import type { AddressBook } from "./wire-addresses.ts";

export interface ServiceDeclaration {
  readonly service: string;
  readonly inputs: readonly Placed[];
  /** As the platform file has it already. */
  readonly existing: Service | undefined;
  readonly images: ImageDeclarations;
  readonly additions: PlatformAdditions;
  readonly findings: ImportFindings;
  readonly book: AddressBook;
}

/** Declares one service with its image, settings, variables and secrets. What the file says otherwise is left. */
export function declareService(declaration: ServiceDeclaration): void {
  const { service, inputs, existing, images, additions, findings } = declaration;
  for (const { found } of inputs) leaveImageVersion(found, findings);
  if (existing === undefined) {
    additions.declare(["services", service, "image"], images.keyFor(service, inputs));
    const role = roleOf(service, inputs, findings);
    if (role !== "api") additions.declare(["services", service, "role"], role);
    noteCallers(service, inputs, findings);
  }
  declareSettings("run", declaration);
  if (!inputs.some(({ found }) => found.kind === "job")) declareSettings("health", declaration);
  declareVariables(declaration);
}

function declareSettings(part: "run" | "health", { service, inputs, additions, findings }: ServiceDeclaration): void {
  for (const [key, value] of Object.entries(mergeSettings(part, inputs, findings))) {
    keep([part, key], value, { service, inputs, additions, findings });
  }
}

function declareVariables(declaration: ServiceDeclaration): void {
  const { service, inputs, existing, additions, findings, book } = declaration;
  for (const [name, merged] of new VariableMerger({ service, existing, inputs, findings, book }).merge()) {
    const value = merged.in === "env" ? merged.expression : merged.reference;
    const isElsewhere = merged.in === "env" ? existing?.secrets[name] !== undefined : existing?.env[name] !== undefined;
    if (isElsewhere) leave([merged.in, name], merged.in === "env" ? undefined : value, declaration);
    else keep([merged.in, name], value, { service, inputs, additions, findings });
  }
}

type Keeping = Pick<ServiceDeclaration, "service" | "inputs" | "additions" | "findings">;

function keep(path: readonly [string, string], value: YamlTree, keeping: Keeping): void {
  const stands = keeping.additions.declare(["services", keeping.service, ...path], value);
  if (stands === "kept") leave(path, typeof value === "string" ? value : JSON.stringify(value), keeping);
}

/** What is shown is what would have been written: an expression, a setting or a reference, never a credential. */
function leave(
  path: readonly string[],
  value: string | undefined,
  { inputs, findings }: Omit<Keeping, "additions">,
): void {
  const source = [...new Set(inputs.map(({ found }) => found.source))].join(", ");
  const shown = value === undefined ? {} : { value };
  findings.left.push({ source, path: path.join("."), because: DECLARED_OTHERWISE, kind: "setting", ...shown });
}

function noteCallers(service: string, inputs: readonly Placed[], findings: ImportFindings): void {
  if (inputs.some(({ found }) => found.kind !== "service" || found.run.allowUnauthenticated !== undefined)) return;
  findings.note(service, "a description does not say who may call it: set allowUnauthenticated where anybody may");
}
