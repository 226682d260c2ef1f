import type { ImportedEnvironment, Placed } from "./assign-environments.ts";
import type { ImportFindings } from "./import-findings.ts";
import { imageNameOf } from "./merge-settings.ts";
import type { PlatformAdditions } from "./platform-additions.ts";

const MAX_ACCOUNT = 30;

/** Declares the environments of the inputs. Of one that the file has, only what differs is said. */
export function declareEnvironments(
  environments: readonly ImportedEnvironment[],
  placed: readonly Placed[],
  additions: PlatformAdditions,
  findings: ImportFindings,
): void {
  for (const environment of environments) {
    const inputs = placed.filter((each) => each.environment === environment.name);
    const subject = `environments.${environment.name}`;
    const runtime = runtimeOf(environment, inputs, findings);
    const registry = registryOf(environment, inputs, findings);
    const account = (role: string) => `${role}-${environment.name}`.toLowerCase().replace(/[^a-z0-9-]+/g, "-");
    const named = (role: string) => account(role).slice(0, MAX_ACCOUNT).replace(/-+$/, "");
    leaveOther(environment, inputs, findings);
    if (additions.has(["environments", environment.name])) {
      for (const [path, value] of [
        [["registry"], registry],
        [["identities", "runtime"], runtime],
      ] as const) {
        if (value === undefined) continue;
        const stands = additions.declare(["environments", environment.name, ...path], value);
        if (stands === "kept") {
          findings.note(subject, `the inputs say ${path.join(".")} ${value}; what mobius.yaml says stays`);
        }
      }
      continue;
    }
    if (registry === undefined) findings.note(subject, "no input names its registry: correct it");
    findings.note(subject, "who builds, deploys and migrates stands in no input: correct identities");
    additions.declare(["environments", environment.name], {
      project: environment.project,
      region: environment.region,
      registry: registry ?? `gcr.io/${environment.project}`,
      identities: {
        build: named("mobius-cicd"),
        deploy: named("mobius-deploy"),
        migrate: named("mobius-migrate"),
        runtime: runtime ?? named("mobius-platform"),
      },
    });
  }
}

/** The service account that most services run as; the others are left. */
function runtimeOf(
  environment: ImportedEnvironment,
  inputs: readonly Placed[],
  findings: ImportFindings,
): string | undefined {
  const own = new RegExp(`^([a-z](?:[a-z0-9-]{0,28}[a-z0-9])?)@${environment.project}\\.iam\\.gserviceaccount\\.com$`);
  const chosen = mostCommon(inputs.flatMap(({ found }) => own.exec(found.account ?? "")?.[1] ?? []));
  for (const { found } of inputs) {
    if (found.account === undefined || own.exec(found.account)?.[1] === chosen) continue;
    const because = own.test(found.account)
      ? `an environment has one runtime identity, and ${chosen} was taken`
      : "it is no service account of the environment's project";
    findings.left.push({
      source: found.source,
      path: "serviceAccount",
      because,
      value: found.account,
      kind: "setting",
    });
  }
  return chosen;
}

function registryOf(
  environment: ImportedEnvironment,
  inputs: readonly Placed[],
  findings: ImportFindings,
): string | undefined {
  const registries = inputs.flatMap(({ found }) => imageNameOf(found.image ?? "")?.registry ?? []);
  const chosen = mostCommon(registries);
  for (const other of new Set(registries.filter((each) => each !== chosen))) {
    findings.note(`environments.${environment.name}`, `some images come from ${other}; its registry is ${chosen}`);
  }
  return chosen;
}

/** A project or region of an input that is not the environment's. */
function leaveOther(
  { name, project, region }: ImportedEnvironment,
  inputs: readonly Placed[],
  findings: ImportFindings,
): void {
  for (const { found } of inputs) {
    for (const [key, value, own] of [
      ["project", found.place.project, project],
      ["region", found.place.region, region],
    ] as const) {
      if (value === undefined || value === own) continue;
      const because = `${name} has the ${key} ${own}`;
      findings.left.push({ source: found.source, path: key, because, value, kind: "setting" });
    }
  }
}

function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
