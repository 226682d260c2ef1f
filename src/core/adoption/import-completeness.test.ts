import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExpression } from "../platform/expression.ts";
import { parsePlatform } from "../platform/parse-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { type Imported, importPlatform } from "./import-platform.ts";
import { renderImportReport } from "./import-report.ts";

/** A service of one environment as these properties make it up. */
interface Given {
  readonly service: string;
  readonly environment: "staging" | "production";
  readonly shape: "v1" | "v2" | "file";
  readonly env: Readonly<Record<string, string | { readonly secret: string; readonly version: string }>>;
  readonly memory: string;
  readonly maxInstances: number;
  /** Settings that the platform file has no key for. */
  readonly extra: Readonly<Record<string, string>>;
}

const CREDENTIAL = "correct-horse-battery";
const SERVICES = ["chat", "rag", "rag-worker"];
const addressOf = (service: string, environment: string) => `https://${service}-${environment}.a.run.app`;
const fileOf = ({ service, environment, shape }: Given) =>
  shape === "file" ? `${service}/deploy/${environment}.env` : `${service}-${environment}.json`;
const sourceOf = (given: Given) => `${fileOf(given)} (${given.service})`;

const text = fc.oneof(
  fc.string({ unit: "grapheme-ascii" }).filter((value) => !value.includes("'")),
  fc.constantFrom(
    "",
    "a,b=c@d",
    "$$ $x ${y}",
    "1234e5",
    "on",
    "null",
    "# no comment",
    "x: y",
    "5",
    `postgres://u:${CREDENTIAL}@h/d`,
  ),
  fc
    .tuple(fc.constantFrom(...SERVICES), fc.constantFrom("staging", "production"), fc.constantFrom("", "/search", ",x"))
    .map(([service, environment, rest]) => addressOf(service, environment) + rest),
);
const secret = fc.record({
  secret: fc.constantFrom("jwt-secret", "db-password", "a-url"),
  version: fc.constantFrom("latest", "3"),
});
const variable = fc.constantFrom("A_URL", "B", "_C", "DB_PASSWORD", "JWT_SECRET", "MAX_TOKENS", "P1");
const extraKey = fc.constantFrom(
  "example.com/x",
  "run.googleapis.com/startup-cpu-boost",
  "run.googleapis.com/ingress",
  "odd key",
);

const given: fc.Arbitrary<Given> = fc.record({
  service: fc.constantFrom(...SERVICES),
  environment: fc.constantFrom("staging", "production"),
  shape: fc.constantFrom("v1", "v2", "file"),
  env: fc.dictionary(variable, fc.oneof(text, secret), { noNullPrototype: true, maxKeys: 5 }),
  memory: fc.constantFrom("512Mi", "2Gi", "2G"),
  maxInstances: fc.constantFrom(1, 3, 4),
  extra: fc.dictionary(extraKey, fc.constantFrom("true", "x", "9"), { noNullPrototype: true, maxKeys: 3 }),
});
const inputs = fc.uniqueArray(given, {
  minLength: 1,
  maxLength: 6,
  selector: (each) => `${each.service} ${each.environment}`,
});

function describeV1({ service, environment, env, memory, maxInstances, extra }: Given): unknown {
  const list = Object.entries(env).map(([name, value]) =>
    typeof value === "string"
      ? { name, value }
      : { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.version } } },
  );
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: {
      name: service,
      namespace: `p-${environment}`,
      labels: { "cloud.googleapis.com/location": "us-central1" },
    },
    spec: {
      template: {
        metadata: { annotations: { "autoscaling.knative.dev/maxScale": String(maxInstances), ...extra } },
        spec: { containers: [{ image: "gcr.io/p/x", env: list, resources: { limits: { memory } } }] },
      },
    },
    status: { url: addressOf(service, environment) },
  };
}

function describeV2({ service, environment, env, memory, maxInstances, extra }: Given): unknown {
  const list = Object.entries(env).map(([name, value]) =>
    typeof value === "string" ? { name, value } : { name, valueSource: { secretKeyRef: value } },
  );
  return {
    name: `projects/p-${environment}/locations/us-central1/services/${service}`,
    uri: addressOf(service, environment),
    template: {
      annotations: extra,
      scaling: { maxInstanceCount: maxInstances },
      containers: [{ image: "gcr.io/p/x", env: list, resources: { limits: { memory } } }],
    },
  };
}

function textOf(each: Given): string {
  if (each.shape !== "file") return JSON.stringify(each.shape === "v1" ? describeV1(each) : describeV2(each));
  const lines = Object.entries(each.env).flatMap(([name, value]) =>
    typeof value === "string" ? [`${name}='${value}'`] : [],
  );
  return [`PROJECT_ID=p-${each.environment}`, "REGION=us-central1", ...lines].join("\n");
}

function importAll(all: readonly Given[]): Imported & { readonly platform: Platform } {
  const result = importPlatform({
    inputs: all.map((each) => ({ file: fileOf(each), text: textOf(each) })),
    said: {},
    name: "p",
    umbrella: [],
  });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  const parsed = parsePlatform(result.value.text, "mobius.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { ...result.value, platform: parsed.value };
}

/** What a service would see; an address that belonged to another environment follows its own, which the report says. */
function evaluated(expression: string, environment: string, { report }: Imported): string {
  const parsed = parseExpression(expression);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value
    .map((part) => {
      if (part.kind === "text") return part.text;
      if (part.kind === "service-url") return addressOf(part.service, environment);
      if (part.kind !== "override") throw new Error(part.kind);
      return report.overrides.find(({ name }) => name === part.name)?.values[environment] ?? "no value";
    })
    .join("");
}

function whereabouts(each: Given, name: string, outcome: Imported & { readonly platform: Platform }): string {
  const { platform, report } = outcome;
  const service = platform.services[each.service];
  const wanted = each.env[name];
  const isLeft = report.left.some(({ source, path }) => source === sourceOf(each) && path === `env.${name}`);
  const expression = service?.env[name];
  const reference = service?.secrets[name];
  if (isLeft) return "reported";
  if (expression !== undefined && typeof wanted === "string") {
    const value = evaluated(expression, each.environment, outcome);
    const isMoved = report.notes.some(
      ({ subject, text: said }) => subject === `${each.service} ${name}` && /pointed at/.test(said),
    );
    return value === wanted || isMoved ? "in env" : `lost: ${value}`;
  }
  if (reference === undefined) return "lost";
  if (typeof wanted === "object")
    return reference.secret === wanted.secret && reference.version === wanted.version ? "in secrets" : "lost";
  const planned = report.secrets.find((one) => one.secret === reference.secret);
  const isPlanned =
    planned?.environments.includes(each.environment) === true &&
    planned.usedBy.some((use) => use.service === each.service && use.variable === name);
  return isPlanned ? "to be set" : "lost";
}

describe("an import", () => {
  it("loses no variable, secret or setting of any input: each is in the file or in the report", () => {
    fc.assert(
      fc.property(inputs, (all) => {
        const outcome = importAll(all);
        const { platform, report } = outcome;
        const left = new Set(report.left.map(({ source, path }) => `${source} ${path}`));
        for (const each of all) {
          const names = Object.keys(each.env).filter(
            (name) => each.shape !== "file" || typeof each.env[name] === "string",
          );
          for (const name of names)
            expect(whereabouts(each, name, outcome), `${sourceOf(each)} ${name}`).not.toMatch(/^lost/);
          if (each.shape === "file") continue;
          const run = platform.services[each.service]?.run;
          const [template, container] =
            each.shape === "v1" ? ["spec.template.metadata", "spec.template.spec"] : ["template", "template"];
          const isKept = run?.maxInstances === each.maxInstances || left.has(`${sourceOf(each)} run.maxInstances`);
          const memory = [`run.memory`, `${container}.containers.0.resources.limits.memory`];
          const isMemoryKept =
            run?.memory === each.memory || memory.some((path) => left.has(`${sourceOf(each)} ${path}`));
          expect([isKept, isMemoryKept]).toEqual([true, true]);
          for (const key of Object.keys(each.extra))
            expect(left).toContain(`${sourceOf(each)} ${template}.annotations.${key}`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("writes no credential anywhere, and adds nothing when it is done again", () => {
    fc.assert(
      fc.property(inputs, (all) => {
        const outcome = importAll(all);
        expect(outcome.text + JSON.stringify(outcome.report) + renderImportReport(outcome.report)).not.toContain(
          CREDENTIAL,
        );
        const again = importPlatform({
          inputs: all.map((each) => ({ file: fileOf(each), text: textOf(each) })),
          said: {},
          existing: outcome.text,
          name: "p",
          umbrella: [],
        });
        expect(again.ok ? again.value.text : again.error).toBe(outcome.text);
        expect(again.ok && again.value.report.secrets).toEqual(outcome.report.secrets);
        expect(again.ok && again.value.report.overrides).toEqual(outcome.report.overrides);
      }),
      { numRuns: 50 },
    );
  });
});
