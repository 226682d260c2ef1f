/** What of the drift can be declared as it is, and where; and why the rest cannot. Begin with `planAdoption`. */

import type { EnvValue, RevisionTemplate } from "../plan/observed.ts";
import { parseExpression } from "../platform/expression.ts";
import { PLATFORM_FILE, type Platform, type Service } from "../platform/platform.ts";
import { looksLikeCredential } from "../values/looks-like-credential.ts";
import { adoptedSetting } from "./adopted-setting.ts";
import type { Adoption } from "./adoption.ts";
import { driftKey, type LiveEnvironment, type SeenDrift } from "./drift.ts";
import type { Expected } from "./find-drift.ts";
import type { LeftDrift } from "./plan-revert.ts";

export interface AdoptionPlan {
  readonly changes: readonly Adoption[];
  readonly left: readonly LeftDrift[];
}

interface AdoptionInput {
  readonly platform: Platform;
  readonly expected: Expected;
  readonly live: LiveEnvironment;
  readonly drifts: readonly SeenDrift[];
}

/** Each difference comes to changes of the platform file or of the last manifest, or to a reason. */
export function planAdoption({ platform, expected, live, drifts }: AdoptionInput): AdoptionPlan {
  const changes: Adoption[] = [];
  const left: LeftDrift[] = [];
  for (const drift of drifts) {
    const key = driftKey(drift);
    const [what, name = ""] = drift.subject.split(/ (.*)/s);
    const adopted =
      what === "service" || what === "job"
        ? adoptedField({ platform, expected, drift, name, template: templateOf(live, drift.subject, name) })
        : (reasonToLeave(drift) ?? reasonOf(what));
    if (typeof adopted === "string") left.push({ key, reason: adopted });
    else changes.push(...adopted.map((change) => ({ ...change, key })));
  }
  return { changes, left };
}

type Adopted = readonly Omit<Adoption, "key">[] | string;

interface Field {
  readonly platform: Platform;
  readonly expected: Expected;
  readonly drift: SeenDrift;
  readonly name: string;
  readonly template: RevisionTemplate | undefined;
}

function adoptedField({ platform, expected, drift, name, template }: Field): Adopted {
  const reason = reasonToLeave(drift);
  if (reason !== undefined) return reason;
  const service = platform.services[name];
  if (service === undefined || template === undefined) return `There is nothing of it in ${PLATFORM_FILE} to change.`;
  const [, variable] = /^env (.*)$/s.exec(drift.field) ?? [];
  if (variable === undefined) return adoptedSetting(service, drift.field, template);
  const manifest = expected.origins[name]?.manifest;
  return adoptedVariable({ service, variable, live: template.env[variable], manifest });
}

function reasonToLeave({ kind, ignored, field, observed, expected }: SeenDrift): string | undefined {
  if (kind === "unknown") return "It could not be looked at.";
  if (ignored !== undefined) return `It is ignored: ${ignored.reason}`;
  if (field === "traffic") {
    return "Traffic is not declared. Releasing what is adopted gives all traffic to one revision; or revert it.";
  }
  if (field !== "service" && field !== "job") return undefined;
  if (expected === "not released") return "It is in no description yet: mobius import takes it in.";
  return `It is ${observed}, and ${PLATFORM_FILE} counts for every environment: take it out there by hand if it is to be gone.`;
}

function reasonOf(what: string | undefined): string {
  if (what === "secret") return "No file holds it: the next release takes the newest version.";
  return "A migration ledger says what was done to a database; no file makes it so. Settle or write a migration.";
}

function templateOf(live: LiveEnvironment, subject: string, name: string): RevisionTemplate | undefined {
  if (subject.startsWith("job ")) {
    const job = live.jobs[name];
    return job?.kind === "read" ? job.value : undefined;
  }
  if (live.services.kind !== "read") return undefined;
  return live.services.value.find((service) => service.name === name)?.serving?.template;
}

interface Variable {
  readonly service: Service;
  readonly variable: string;
  readonly live: EnvValue | undefined;
  /** Path of the manifest that was released. */
  readonly manifest: string | undefined;
}

function adoptedVariable({ service, variable, live, manifest }: Variable): Adopted {
  const env = ["services", service.name, "env", variable] as const;
  const secrets = ["services", service.name, "secrets", variable] as const;
  const isVariable = service.env[variable] !== undefined;
  const isSecret = service.secrets[variable] !== undefined;
  const removed = [...(isVariable ? [env] : []), ...(isSecret ? [secrets] : [])];
  if (live === undefined) return removed.map((path) => ({ file: PLATFORM_FILE, path }));
  if (live.kind === "secret") {
    if (service.secrets[variable]?.secret === live.secret)
      return "Only its version differs: the next release takes the newest.";
    const without = isVariable ? [{ file: PLATFORM_FILE, path: env }] : [];
    return [...without, { file: PLATFORM_FILE, path: secrets, value: `${live.secret}:${live.version}` }];
  }
  if (looksLikeCredential(variable, live.value)) {
    return "Its value looks like a credential, which no file may hold: put it into a secret, then declare that.";
  }
  if (isSecret) return "It is declared as a secret and live as plain text: put it into the secret, or revert it.";
  return adoptedValue({ path: env, expression: service.env[variable], value: live.value, manifest });
}

function adoptedValue({
  path,
  expression,
  value,
  manifest,
}: {
  readonly path: readonly [string, ...string[]];
  readonly expression: string | undefined;
  readonly value: string;
  readonly manifest: string | undefined;
}): Adopted {
  const plain = { file: PLATFORM_FILE, path, value: value.replaceAll("$", "$$$$") };
  if (expression === undefined) return [plain];
  const parsed = parseExpression(expression);
  const parts = parsed.ok ? parsed.value : [];
  const [only] = parts;
  if (parts.every(({ kind }) => kind === "text")) return [plain];
  if (parts.length === 1 && manifest !== undefined && only?.kind === "override") {
    return [{ file: manifest, path: ["env_overrides", only.name], value }];
  }
  if (parts.length === 1 && manifest !== undefined && only?.kind === "flag" && /^(true|false)$/.test(value)) {
    return [{ file: manifest, path: ["feature_flags", only.name], value: value === "true" }];
  }
  return `It is made of ${expression}: change what that names, or write the value there by hand.`;
}
