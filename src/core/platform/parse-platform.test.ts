import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonSchemaOf } from "../yaml/json-schema.ts";
import { parsePlatform } from "./parse-platform.ts";
import { platformSchema } from "./platform-schema.ts";

const FIXTURES = resolve(import.meta.dirname, "../../../test/fixtures/platform");

function refused(text: string): readonly string[] {
  const parsed = parsePlatform(text, "mobius.yaml");
  if (parsed.ok) throw new Error("it was taken");
  return parsed.problems.map(({ code, where, fix }) => `${code} ${where?.line}:${where?.column} ${fix}`);
}

/** Names of properties anywhere in a JSON Schema. */
function keysOf(node: unknown): readonly string[] {
  if (typeof node !== "object" || node === null) return [];
  const own = "properties" in node && node.properties instanceof Object ? Object.keys(node.properties) : [];
  return [...new Set([...own, ...Object.values(node).flatMap(keysOf)])];
}

const MINIMAL = `platform: p
modules:
  chat: { repository: https://git.example.com/chat.git, path: chat }
images:
  api: { module: chat, build: { source: { include: [server.js], command: [node, server.js] } } }
`;

describe("parsePlatform", () => {
  it("takes every key that there is, and gives each a place", async () => {
    const parsed = parsePlatform(readFileSync(resolve(FIXTURES, "every-key.yaml"), "utf8"), "mobius.yaml");
    const value = parsed.ok ? parsed.value : parsed.problems;
    await expect(`${JSON.stringify(value, undefined, 2)}\n`).toMatchFileSnapshot(resolve(FIXTURES, "every-key.json"));
  });

  it("has a fixture that leaves no key of the schema out", () => {
    const text = readFileSync(resolve(FIXTURES, "every-key.yaml"), "utf8");
    const absent = keysOf(jsonSchemaOf(platformSchema, "x")).filter(
      (key) => !new RegExp(`(^|[ {])${key}:`, "m").test(text),
    );
    // A file has one kind of credentials; the test below has the others.
    expect(absent).toEqual(["sshKey", "knownHosts", "appId", "installationId", "privateKey"]);
  });

  it.each([
    ["{ token: t }", { kind: "token", secret: "t" }],
    ["{ sshKey: k, knownHosts: h }", { kind: "ssh-key", secret: "k", knownHosts: "h" }],
    [
      "{ githubApp: { appId: 1, installationId: 2, privateKey: k } }",
      { kind: "github-app", appId: "1", installationId: "2", secret: "k" },
    ],
  ])("takes the credentials %s", (written, credentials) => {
    const parsed = parsePlatform(`platform: p\ngit: { credentials: ${written} }\n`, "mobius.yaml");
    expect(parsed.ok && parsed.value.git).toEqual({ credentials, writeBack: { kind: "none" } });
  });

  it("fills in Cloud Run's defaults", () => {
    const parsed = parsePlatform(`${MINIMAL}services:\n  api: { image: api }\n`, "mobius.yaml");
    expect(parsed.ok && parsed.value.services.api).toMatchObject({
      role: "api",
      run: { port: 8080, memory: "512Mi", cpu: 1, minInstances: 0, maxInstances: 10, concurrency: 80 },
      health: { path: "/health", startupSeconds: 60 },
      env: {},
      checks: [],
    });
  });

  it("finds every name that leads nowhere, with the nearest one that there is", () => {
    const text = `${MINIMAL}  twin: { sameAs: apo }
services:
  web:
    image: ape
    env:
      A: \${services.wep.url}/x
      B: \${databases.main.url}
      C: \${overrides.redis}
      D: \${flags.live}
    checks:
      - { http: "\${services.other.url}/health" }
environments:
  staging:
    project: p-staging
    region: us-central1
    registry: gcr.io/p-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
    policies: { promoteFrom: stagin }
`;
    expect(refused(text)).toEqual([
      'reference-unknown 6:19 Did you mean "api"?',
      'reference-unknown 9:12 Did you mean "api"?',
      'reference-unknown 11:10 Did you mean "web"?',
      "reference-unknown 12:10 Declare the database, or correct the name.",
      "reference-unknown 13:10 Declare the override, or correct the name.",
      "reference-unknown 14:10 Declare the flag, or correct the name.",
      "reference-unknown 16:17 Declare the service, or correct the name.",
      'reference-unknown 23:30 Did you mean "staging"?',
    ]);
  });

  it("refuses images that are the same as themselves, and expressions that cannot be read", () => {
    const circle = MINIMAL.replace("images:\n", "images:\n  a: { sameAs: b }\n  b: { sameAs: a }\n");
    expect(refused(circle).map((line) => line.split(" ")[0])).toEqual(["image-cycle", "image-cycle"]);
    const service = `${MINIMAL}services:\n  api: { image: api, env: { A: "\${service.api.url}", B: "\${flags" } }\n`;
    expect(refused(service).map((line) => line.split(" ")[0])).toEqual(["expression-invalid", "expression-invalid"]);
  });

  it("refuses credentials in plain text without quoting them, and warns of addresses that are written out", () => {
    const env = [
      "DATABASE_URL: postgresql://me:hunter2@10.0.0.3/db",
      "WAITS: ${overrides.dsn}",
      "RAG: https://rag-abcdefghij-uc.a.run.app/search",
      "TO_COME: postgresql://me:${overrides.dsn}@10.0.0.3/db",
    ].map((line) => line.replace(/: (.*)$/, ': "$1"'));
    const service = `services:\n  api: { image: api, env: { ${env.join(", ")} } }\noverrides: { dsn: { type: string } }\n`;
    const parsed = parsePlatform(MINIMAL + service, "mobius.yaml");
    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems.map(({ code, where }) => `${code} ${where?.excerpt}`)).toEqual([
      "credential-in-plain-text services.api.env.DATABASE_URL",
    ]);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
    const clean = parsePlatform(MINIMAL + service.replace("me:hunter2@", ""), "mobius.yaml");
    expect(clean.ok && clean.warnings.map(({ code, where }) => `${code} ${where?.excerpt}`)).toEqual([
      "address-written-out services.api.env.RAG",
    ]);
  });

  it("warns of a worker that Cloud Run would starve", () => {
    const text = `${MINIMAL}services:\n  loop: { image: api, role: worker }\n`;
    const parsed = parsePlatform(text, "mobius.yaml");
    expect(parsed.ok && parsed.warnings.map(({ code }) => code)).toEqual(["worker-throttled"]);
    const fed = text.replace("role: worker", "role: worker, run: { minInstances: 1, cpuThrottling: false }");
    expect(parsePlatform(fed, "mobius.yaml")).toMatchObject({ ok: true, warnings: [] });
  });

  it("warns of a worker that takes its work from elsewhere than its module's API puts it", () => {
    const worker = "role: worker, run: { minInstances: 1, cpuThrottling: false }";
    const text = (queue: string) =>
      `${MINIMAL}services:\n  api: { image: api, env: { REDIS_URL: "redis://a:1/0", LEVEL: debug } }\n  loop: { image: api, ${worker}, env: { REDIS_URL: "${queue}", LEVEL: info } }\n`;
    const warned = (queue: string) => {
      const parsed = parsePlatform(text(queue), "mobius.yaml");
      return parsed.ok ? parsed.warnings.map(({ code, where }) => `${code} ${where?.excerpt}`) : parsed.problems;
    };
    expect(warned("redis://a:1/1")).toEqual(["queue-differs services.loop.env.REDIS_URL"]);
    expect(warned("redis://a:1/0")).toEqual([]);
  });

  it.each([
    ["Api", "names are lower case"],
    [`a${"b".repeat(49)}`, "names leave room for revisions and tags"],
    ["api-", "names end in a letter or digit"],
  ])("refuses a service named %s: %s", (name) => {
    expect(refused(`${MINIMAL}services:\n  ${name}: { image: api }\n`)[0]).toMatch(/^value-invalid 7:/);
  });

  it.each([
    ["run: { port: 70000 }", "value-invalid"],
    ["run: { port: http }", "value-invalid"],
    ["run: { memory: lots }", "value-invalid"],
    ["run: { minInstance: 1 }", "key-unknown"],
    ["run: { minInstances: 3, maxInstances: 2 }", "value-invalid"],
    ["run: { concurrency: 1001 }", "value-invalid"],
    ["run: { timeout: 3601s }", "value-invalid"],
    ["run: { timeout: 500ms }", "value-invalid"],
    ["health: { startupSeconds: 241 }", "value-invalid"],
    ["health: { path: health }", "value-invalid"],
    ["secrets: { KEY: name-without-version }", "value-invalid"],
    ["env: { 1BAD: x }", "value-invalid"],
    ["role: cron", "value-invalid"],
  ])("refuses %s with %s", (setting, code) => {
    const [first] = refused(`${MINIMAL}services:\n  api: { image: api, ${setting} }\n`);
    expect(first).toMatch(new RegExp(`^${code} 7:`));
  });

  it("refuses environments that share a name or project, and unknown ones to notify of", () => {
    const environment = (name: string, project: string, aliases: string) =>
      `  ${name}: { project: ${project}, aliases: ${aliases}, region: r, registry: gcr.io/${project}, identities: { build: b, deploy: d, migrate: m, runtime: r } }\n`;
    const text =
      "platform: p\nenvironments:\n" +
      environment("staging", "p-staging", "{ names: [stg], projects: [p-stg] }") +
      environment("production", "p-stg", "{ names: [stg, staging, prod] }") +
      "notifications: { slack: { webhook: w, on: [failed], environments: [prodution] } }\n";
    expect(refused(text)).toEqual([
      'environments-overlap 4:26 Give "production" a project of its own.',
      'environments-overlap 4:52 Give "production" a name of its own.',
      'environments-overlap 4:57 Give "production" a name of its own.',
      'reference-unknown 5:68 Did you mean "production"?',
    ]);
  });

  it.each([
    ["canary: { services: [api], steps: [{ percent: 101, bake: 1m }] }", "value-invalid 8:63"],
    ["canary: { services: [api], steps: [{ percent: 10, bake: 13h }] }", "value-invalid 8:73"],
    [
      "canary: { services: [api], steps: [{ percent: 10, bake: 1m }, { percent: 10, bake: 1m }] }",
      "value-invalid 8:51",
    ],
    ["canary: { services: [api], steps: [] }", "value-invalid 8:51"],
    ["freezes: [{ name: w, from: 2026-12-20, until: 2027-01-02T00:00, zone: UTC }]", "value-invalid 8:44"],
    ["freezes: [{ name: w, from: 2026-12-20T00:00, until: 2027-01-02T00:00, zone: Mars }]", "value-invalid 8:93"],
    ["freezes: [{ name: w, from: 2027-01-02T00:00, until: 2026-12-20T00:00, zone: UTC }]", "value-invalid 8:69"],
    ["approvals: { count: 0, from: [ada] }", "value-invalid 8:37"],
    ["soak: 30", "value-invalid 8:23"],
    ["queue: oldest", "value-invalid 8:24"],
  ])("refuses the policy %s", (policy, problem) => {
    const identities = "{ build: b, deploy: d, migrate: m, runtime: r }";
    const environment = `environments:\n  staging: { project: p, region: r, registry: g/p, identities: ${identities},\n  `;
    const [first] = refused(`${MINIMAL}${environment}  policies: { ${policy} } }\n`);
    expect(first).toMatch(new RegExp(`^${problem} `));
  });

  it("refuses paths that lead out of a checkout", () => {
    for (const path of ["../x", "/etc", "a/../../b", "~/x"]) {
      expect(refused(MINIMAL.replace("path: chat", `path: ${path}`))[0]).toMatch(/^value-invalid 3:/);
    }
  });

  it("takes the longest name and start-up time that there may be", () => {
    const name = `a${"b".repeat(48)}`;
    const service = `{ image: api, health: { startupSeconds: 240 }, run: { timeout: 3600s } }`;
    expect(parsePlatform(`${MINIMAL}services:\n  ${name}: ${service}\n`, "mobius.yaml").ok).toBe(true);
  });

  it("refuses an entry that says nothing", () => {
    expect(refused("platform: p\nflags:\n  live:\n")).toEqual([
      "value-invalid 3:3 Correct the value; the schema in schemas/ says what is allowed.",
    ]);
  });
});
