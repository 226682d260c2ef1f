import { parseExpression } from "../platform/expression.ts";
import type { Environment, Platform, Service } from "../platform/platform.ts";
import { serviceAccount } from "../platform/platform.ts";
import { assertNever } from "../values/assert.ts";
import type { EnvValue } from "./observed.ts";
import type { IntendedService } from "./plan.ts";

/** What expressions may refer to. */
export interface Wiring {
  /** Service → address without a final slash. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, boolean>>;
  /** Secret → version that a plan pins. */
  readonly secretVersions: Readonly<Record<string, string>>;
}

/** Name of the secret that holds a database's whole URL: the URL holds a password, so it is one too. */
export function databaseUrlSecret(database: string): string {
  return `database-url-${database.replaceAll("_", "-")}`;
}

/** The environment variables of a service with every expression replaced; what could not be is listed. */
export function intendedEnv(service: Service, wiring: Wiring): { env: Record<string, EnvValue>; missing: Missing[] } {
  const env: Record<string, EnvValue> = {};
  const missing: Missing[] = [];
  for (const [name, expression] of Object.entries(service.env)) {
    const value = evaluate(expression, wiring, (what) => missing.push({ variable: name, ...what }));
    if (value !== undefined) env[name] = value;
  }
  for (const [name, reference] of Object.entries(service.secrets)) {
    const version = reference.version === "latest" ? wiring.secretVersions[reference.secret] : reference.version;
    if (version === undefined) missing.push({ variable: name, kind: "secret", name: reference.secret });
    else env[name] = { kind: "secret", secret: reference.secret, version };
  }
  return { env, missing };
}

/** Something that a variable needs and nothing supplies. */
export interface Missing {
  readonly variable: string;
  readonly kind: "secret" | "override" | "flag" | "address" | "expression";
  readonly name: string;
}

/** Replaces an expression by text: the form for check addresses. `undefined` where something in it is unknown. */
export function evaluateText(expression: string, wiring: Wiring): string | undefined {
  const value = evaluate(expression, wiring, () => {});
  return value?.kind === "plain" ? value.value : undefined;
}

function evaluate(
  expression: string,
  wiring: Wiring,
  report: (what: Omit<Missing, "variable">) => void,
): EnvValue | undefined {
  const parsed = parseExpression(expression);
  if (!parsed.ok) {
    report({ kind: "expression", name: expression });
    return undefined;
  }
  const [only] = parsed.value;
  if (parsed.value.length === 1 && only?.kind === "database-url") {
    const secret = databaseUrlSecret(only.database);
    const version = wiring.secretVersions[secret];
    if (version === undefined) report({ kind: "secret", name: secret });
    return version === undefined ? undefined : { kind: "secret", secret, version };
  }
  let text = "";
  for (const part of parsed.value) {
    const piece = textOf(part, wiring);
    if (piece === undefined) {
      report(nameOf(part));
      return undefined;
    }
    text += piece;
  }
  return { kind: "plain", value: text };
}

type Part = Extract<ReturnType<typeof parseExpression>, { ok: true }>["value"][number];

function textOf(part: Part, wiring: Wiring): string | undefined {
  switch (part.kind) {
    case "text":
      return part.text;
    case "service-url":
      return wiring.addresses[part.service];
    case "override":
      return wiring.overrides[part.name];
    case "flag": {
      const flag = wiring.flags[part.name];
      return flag === undefined ? undefined : String(flag);
    }
    case "database-url":
      return undefined; // only as a whole value: text around it would put a password into plain sight
    default:
      return assertNever(part);
  }
}

function nameOf(part: Part): Omit<Missing, "variable"> {
  if (part.kind === "service-url") return { kind: "address", name: part.service };
  if (part.kind === "override") return { kind: "override", name: part.name };
  if (part.kind === "flag") return { kind: "flag", name: part.name };
  return { kind: "expression", name: part.kind === "database-url" ? part.database : "" };
}

/** A service's whole intention, image and variables given. */
export function intendedService(request: {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly service: Service;
  readonly image: IntendedService["image"];
  readonly env: Readonly<Record<string, EnvValue>>;
}): IntendedService {
  const { service, environment, image, env } = request;
  const { run } = service;
  return {
    image,
    command: run.command ?? [],
    args: run.args ?? [],
    port: run.port,
    env,
    memory: run.memory,
    cpu: run.cpu,
    cpuThrottling: run.cpuThrottling,
    minInstances: run.minInstances,
    maxInstances: run.maxInstances,
    concurrency: run.concurrency,
    timeoutSeconds: run.timeoutSeconds,
    serviceAccount: serviceAccount(environment, "runtime"),
    cloudsqlInstances: run.cloudsqlInstances,
    startup: { path: service.health.path, withinSeconds: service.health.startupSeconds },
  };
}
