import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIdentities } from "../../src/adapters/identity/identities.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { AuditRow } from "../../src/core/audit/audit-row.ts";
import { STORED_PER_WINDOW } from "../../src/core/audit/refusal-limit.ts";
import { IDENTITY_NAMES, type IdentityName } from "../../src/core/identity/grants.ts";
import { ROUTES } from "../../src/ports/api/contract.ts";
import type { Route } from "../../src/ports/api/route.ts";
import type { Caller } from "../../src/ports/identities.ts";
import { CLOUD_CALLS, READ_LOGS } from "./cloud-calls.ts";
import { Installation, type Running } from "./installation.ts";

const LONG = 120_000;
const SAMPLE = resolve(import.meta.dirname, "../../examples/mobius/umbrella/mobius.yaml");
const PROJECTS = { dev: "mobius-os-dev", staging: "mobius-staging", production: "mobiusos-new" } as const;
const ENVIRONMENTS = ["dev", "staging", "production"] as const;
type EnvironmentName = keyof typeof PROJECTS;
const ACCOUNTS = { build: "cicd", deploy: "deploy", migrate: "migrate", runtime: "platform" } as const;
/** Stands for a secret value: it is sent in every place that a request has but the path. */
const CANARY = "c4n4ry-value-that-must-not-be-kept";

let here: Installation;
let server: Running;
let tokens: ReadonlyMap<string, string>;

function emailOf(environment: EnvironmentName, identity: IdentityName): string {
  const suffix = environment === "production" ? "prod" : environment;
  return `mobius-${ACCOUNTS[identity]}-${suffix}@${PROJECTS[environment]}.iam.gserviceaccount.com`;
}

/** Issues tokens with the installation's own key, as its server does. */
async function signer() {
  const { signingKey } = JSON.parse(await readFile(join(here.state, "key"), "utf8")) as { signingKey: string };
  return createIdentities({
    signingKey: Buffer.from(signingKey, "hex"),
    personToken: async () => "",
    personName: "",
    clock: systemClock,
  });
}

async function issueTokens(): Promise<ReadonlyMap<string, string>> {
  const identities = await signer();
  const all = ENVIRONMENTS.flatMap((environment) =>
    IDENTITY_NAMES.map(async (identity) => {
      const project = PROJECTS[environment];
      const caller: Caller = { kind: "identity", email: emailOf(environment, identity), environment, project };
      return [`${environment}/${identity}`, await identities.issue(caller, 3_600_000)] as const;
    }),
  );
  const step = { kind: "step", build: "b-1", environment: "", project: PROJECTS.staging } as const;
  const stepToken = await identities.issue({ ...step, email: emailOf("staging", "build") }, 3_600_000);
  return new Map([...(await Promise.all(all)), ["staging/step", stepToken]]);
}

/** A token of an account of dev that has no role and was not refused before, so that its rows are stored one by one. */
async function freshToken(name = "fresh"): Promise<string> {
  const project = PROJECTS.dev;
  const email = `${name}@${project}.iam.gserviceaccount.com`;
  return (await signer()).issue({ kind: "identity", email, environment: "dev", project }, 3_600_000);
}

/** Makes a call as an identity, `environment/name`. */
async function ask(
  as: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${here.port}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokens.get(as)}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** What a step can do with its token. */
const STEP = `steps:
- name: bash
  entrypoint: bash
  args:
  - -c
  - |
    echo registry $$MOBIUS_REGISTRY
    ask() { node -e 'fetch(process.argv[1], { headers: { authorization: "Bearer " + process.env.MOBIUS_STEP_TOKEN } })
      .then((answer) => console.log(process.argv[2], answer.status))' "$$MOBIUS_SERVER$$2" "$$1"; }
    ask services /v2/projects/mobius-staging/locations/us-central1/services
    ask versions /v1/projects/mobius-staging/secrets/jwt-secret/versions/latest:access
    ask sources /storage/v1/b/mobius-staging_cloudbuild/o/x
options: { logging: CLOUD_LOGGING_ONLY }
`;

function secretBuild(project: string): string {
  return `steps:
- { name: bash, entrypoint: bash, args: [-c, 'echo $\${#TOKEN} characters'], secretEnv: [TOKEN] }
availableSecrets:
  secretManager: [{ versionName: projects/${project}/secrets/npm-token/versions/latest, env: TOKEN }]
options: { logging: CLOUD_LOGGING_ONLY }
`;
}

/** Submits a build, and waits for its end. */
async function build(config: string, project: string = PROJECTS.staging) {
  await writeFile(join(here.umbrella, "build.yaml"), config);
  return here.run(["build", "submit", "--config", "build.yaml", "--no-source", "--project", project]);
}

async function makeSecret(project: string, name: string, value: string): Promise<void> {
  await here.ask(`/v1/projects/${project}/secrets?secretId=${name}`, { method: "POST", body: "{}" });
  const payload = { data: Buffer.from(value).toString("base64") };
  const added = await here.ask(`/v1/projects/${project}/secrets/${name}:addVersion`, {
    method: "POST",
    body: JSON.stringify({ payload }),
  });
  expect(added.status).toBe(200);
}

async function rows(): Promise<readonly AuditRow[]> {
  const { out } = await here.run(["audit", "export"]);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditRow);
}

beforeAll(async () => {
  here = await Installation.make();
  await mkdir(here.umbrella);
  await copyFile(SAMPLE, join(here.umbrella, "mobius.yaml"));
  server = here.start(["serve", "--dir", here.umbrella, "--port", String(here.port)]);
  await server.waitFor(/Serving/);
  tokens = await issueTokens();
  for (const project of Object.values(PROJECTS)) {
    await here.ask(`/storage/v1/b?project=${project}`, {
      method: "POST",
      body: JSON.stringify({ name: `${project}_cloudbuild` }),
    });
  }
}, LONG);
afterAll(async () => {
  server.kill("SIGINT");
  await server.ended;
  await here[Symbol.asyncDispose]();
});

describe("identities of a real server, over HTTP", () => {
  it("may do in their own environment what their roles say, and nothing else", { timeout: LONG }, async () => {
    for (const { what, method, path, body, allowed } of CLOUD_CALLS) {
      const answers = await Promise.all(
        IDENTITY_NAMES.map(async (name) => ({
          name,
          ...(await ask(`staging/${name}`, method, path(PROJECTS.staging), body)),
        })),
      );
      const admitted = answers.filter(({ status }) => status !== 403 && status !== 401).map(({ name }) => name);
      expect([what, admitted]).toEqual([what, allowed]);
      for (const { status, text } of answers) expect(status, `${what}: ${text}`).not.toBe(500);
      const nobody = await ask("nobody/known", method, path(PROJECTS.staging), body);
      expect([what, nobody.status]).toEqual([what, 401]);
      const step = await ask("staging/step", method, path(PROJECTS.staging), body);
      expect([what, step.status === 403]).toEqual([what, !allowed.includes("build")]);
    }
    for (const name of IDENTITY_NAMES) {
      const { status } = await ask(`staging/${name}`, "POST", "/v2/entries:list", READ_LOGS.body(PROJECTS.staging));
      expect([name, status]).toEqual([name, name === "deploy" ? 200 : 403]);
    }
  });

  it("may do nothing in any other environment, whatever the API", { timeout: LONG }, async () => {
    let asked = 0;
    for (const own of ENVIRONMENTS) {
      for (const other of ENVIRONMENTS.filter((each) => each !== own)) {
        for (const name of IDENTITY_NAMES) {
          const answers = await Promise.all([
            ...CLOUD_CALLS.map(async ({ what, method, path, body }) => ({
              what,
              ...(await ask(`${own}/${name}`, method, path(PROJECTS[other]), body)),
            })),
            ask(`${own}/${name}`, "POST", "/v2/entries:list", READ_LOGS.body(PROJECTS[other])).then((answer) => ({
              what: READ_LOGS.what,
              ...answer,
            })),
          ]);
          asked += answers.length;
          const admitted = answers
            .filter(({ status }) => status !== 403)
            .map(({ what, status }) => `${status} ${what}`);
          expect([own, name, other, admitted]).toEqual([own, name, other, []]);
        }
      }
    }
    expect(asked).toBe(3 * 2 * 4 * (CLOUD_CALLS.length + 1));
    const list = await here.ask(`/v1/projects/${PROJECTS.production}/secrets`);
    expect(await list.json()).toEqual({ secrets: [] });
  });

  it("are not let through by another spelling of a path", async () => {
    const place = "locations/us-central1/services";
    for (const path of [
      `/v2/projects/mobius-staging%2F..%2Fmobiusos-new/${place}`,
      `/v2/projects/mobius-staging/../mobiusos-new/${place}`,
      `/v2/projects/mobiusos%2Dnew/${place}`,
      `/v2/projects/mobiusos-new/${place}?project=mobius-staging&parent=projects/mobius-staging`,
    ]) {
      expect([path, (await ask("staging/deploy", "GET", path)).status]).toEqual([path, 403]);
    }
  });
});

describe("a secret's value", () => {
  it("is in no answer to any GET of anybody but the call that reads it", { timeout: LONG }, async () => {
    const value = "planted-value-of-a-secret";
    const forms = [value, Buffer.from(value).toString("base64")];
    for (const project of Object.values(PROJECTS)) await makeSecret(project, "planted", value);
    const paths = ENVIRONMENTS.flatMap((name) => [
      ...CLOUD_CALLS.filter(({ method }) => method === "GET").map(({ path }) => path(PROJECTS[name])),
      ...["", "/versions", "/versions/1", "/versions/latest:access"].map(
        (rest) => `/v1/projects/${PROJECTS[name]}/secrets/planted${rest}`,
      ),
    ]);
    for (const as of [...tokens.keys()]) {
      const answers = await Promise.all(paths.map(async (path) => ({ path, ...(await ask(as, "GET", path)) })));
      const found = answers.filter(({ text }) => forms.some((form) => text.includes(form))).map(({ path }) => path);
      expect([as, found]).toEqual([as, []]);
    }
    const ours = Object.values(ROUTES).filter(
      (route: Route) => route.method === "GET" && !route.path.includes("/rows"),
    );
    const all = [...paths, ...ours.map(({ path }) => path.replace(":environment", "staging"))];
    const seen: string[] = [];
    for (const path of all) {
      const text = await (await here.ask(path)).text();
      if (forms.some((form) => text.includes(form))) seen.push(path);
    }
    expect(seen).toEqual(
      Object.values(PROJECTS).map((p) => `/v1/projects/${p}/secrets/planted/versions/latest:access`),
    );
  });
});

describe("the registry", () => {
  it("judges whoever shows a token, and lets nobody into another environment's images", { timeout: LONG }, async () => {
    const registry = /registry (\S+)/.exec((await build(STEP)).err)?.[1];
    const push = async (as: string, repository: string) =>
      (
        await fetch(`http://${registry}/v2/${repository}/blobs/uploads/`, {
          method: "POST",
          headers: { authorization: `Bearer ${tokens.get(as)}` },
        })
      ).status;
    for (const name of IDENTITY_NAMES) {
      const allowed = name === "build" ? 202 : 403;
      expect([name, await push(`staging/${name}`, "gcr.io/mobius-staging/x")]).toEqual([name, allowed]);
      expect([name, await push(`staging/${name}`, "gcr.io/mobiusos-new/x")]).toEqual([name, 403]);
    }
    expect(await push("staging/step", "gcr.io/mobius-staging/x")).toBe(202);
    expect(await push("nobody/known", "gcr.io/mobius-staging/x")).toBe(403);
  });
});

describe("a build", () => {
  it("reads a secret only once its identity is granted it, and never another environment's", {
    timeout: LONG,
  }, async () => {
    for (const project of [PROJECTS.staging, PROJECTS.production])
      await makeSecret(project, "npm-token", "t0ken-value");
    const refused = await build(secretBuild(PROJECTS.staging));
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining(
        `Permission 'secretmanager.versions.access' denied on resource 'projects/mobius-staging/secrets/npm-token/versions/latest' (or it may not exist): ${emailOf("staging", "build")} reads it only once it is granted.`,
      ),
    ]);
    const role = "roles/secretmanager.secretAccessor";
    const on = ["--on", `projects/${PROJECTS.staging}/secrets/npm-token`];
    expect((await here.run(["identity", "grant", "staging", "build", role, ...on])).code).toBe(0);
    const good = await build(secretBuild(PROJECTS.staging));
    expect([good.code, good.err]).toEqual([0, expect.stringContaining("11 characters")]);
    expect((await build(secretBuild(PROJECTS.production))).code).toBe(1);
  });

  it("of a project that is no environment's reads that project's secrets, and no environment's", {
    timeout: LONG,
  }, async () => {
    await makeSecret("local", "npm-token", "t0ken-value");
    const good = await build(secretBuild("local"), "local");
    expect([good.code, good.err]).toEqual([0, expect.stringContaining("11 characters")]);
    expect((await build(secretBuild(PROJECTS.staging), "local")).code).toBe(1);
  });

  it("gives its steps the rights of its identity, and no more", { timeout: LONG }, async () => {
    const { err } = await build(STEP);
    expect(err).toContain("services 403");
    expect(err).toContain("versions 403");
    expect(err).toContain("sources 200");
  });

  it("never runs as the deploy or the migrate identity, nor as another environment's, for a person either", async () => {
    for (const account of [
      emailOf("staging", "deploy"),
      emailOf("staging", "migrate"),
      emailOf("production", "build"),
    ]) {
      const refused = await here.ask(`/v1/projects/${PROJECTS.staging}/builds`, {
        method: "POST",
        body: JSON.stringify({
          steps: [{ name: "bash" }],
          serviceAccount: `projects/${PROJECTS.staging}/serviceAccounts/${account}`,
          options: { logging: "NONE" },
        }),
      });
      expect([refused.status, await refused.text()]).toEqual([
        403,
        expect.stringContaining(`Permission 'iam.serviceaccounts.actAs' denied on service account ${account}`),
      ]);
    }
  });
});

describe("the audit log of a real server", () => {
  it("has exactly one row of a refused call, and nothing of its values", { timeout: LONG }, async () => {
    const before = (await rows()).length;
    const canaries = { "x-api-key": CANARY, cookie: `session=${CANARY}`, "user-agent": CANARY, "x-request-id": CANARY };
    const refused = await fetch(
      `http://127.0.0.1:${here.port}/v2/projects/${PROJECTS.dev}/locations/l/services?serviceId=${CANARY}&key=${CANARY}`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${await freshToken()}`, "content-type": "application/json", ...canaries },
        body: JSON.stringify({
          template: { serviceAccount: CANARY, containers: [{ image: CANARY, env: [{ name: "A", value: CANARY }] }] },
        }),
      },
    );
    expect(refused.status).toBe(403);
    expect(JSON.parse(await refused.text())).toEqual({
      error: {
        code: 403,
        message:
          "Permission 'run.services.create' denied on resource 'projects/mobius-os-dev/locations/l' (or it may not exist).",
        status: "PERMISSION_DENIED",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "IAM_PERMISSION_DENIED",
            domain: "iam.googleapis.com",
            metadata: { permission: "run.services.create", resource: "projects/mobius-os-dev/locations/l" },
          },
        ],
      },
    });
    const set = await here.ask(`/v1/projects/${PROJECTS.staging}/secrets?secretId=${CANARY}&x=${CANARY}`, {
      method: "POST",
      body: JSON.stringify({ labels: { canary: CANARY } }),
    });
    expect(set.status).toBe(200);
    const all = await rows();
    expect(all.slice(before)).toMatchObject([
      {
        who: { kind: "identity", id: "fresh@mobius-os-dev.iam.gserviceaccount.com" },
        what: "run.services.create",
        resource: "projects/mobius-os-dev/locations/l",
        outcome: "denied",
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        reason: "fresh@mobius-os-dev.iam.gserviceaccount.com is no identity of an environment.",
      },
      { who: { kind: "person" }, what: "secretmanager.secrets.create", outcome: "allowed" },
    ]);
    expect(JSON.stringify(all)).not.toContain(CANARY);
    // Values of other tests' requests are not there either.
    expect(JSON.stringify(all)).not.toContain("AAAA");
  });

  it("counts a flood of refused calls, and stores a limited number of rows", { timeout: LONG }, async () => {
    const before = (await rows()).length;
    const token = await freshToken("flood");
    for (let count = 0; count < 10; count += 1) {
      await Promise.all(
        Array.from({ length: 30 }, () =>
          fetch(`http://127.0.0.1:${here.port}/v1/projects/${PROJECTS.staging}/secrets`, {
            headers: { authorization: `Bearer ${token}` },
          }),
        ),
      );
    }
    const flood = (await rows()).slice(before).filter(({ who }) => who.id.startsWith("flood@"));
    const counted = flood.reduce((sum, { more = 1 }) => sum + more, 0);
    expect(counted).toBe(300);
    expect(flood.length).toBeLessThanOrEqual(2 * STORED_PER_WINDOW + 2);
  });

  it("is whole, and where its end is missing, the first row that is gone is named, with exit code 1", {
    timeout: LONG,
  }, async () => {
    const whole = await here.run(["audit", "verify"]);
    expect([whole.code, whole.out]).toEqual([0, expect.stringMatching(/^The audit log is whole: \d+ rows/)]);
    const checkpoint = join(here.state, "audit-checkpoint");
    const kept = await readFile(checkpoint, "utf8");
    // A checkpoint beyond the log's end is what a log looks like whose end was cut off.
    const { number, digest } = JSON.parse(kept) as { number: number; digest: string };
    await writeFile(checkpoint, JSON.stringify({ number: number + 1, digest }));
    const cut = await here.run(["audit", "verify"]);
    expect([cut.code, cut.err.split("\n")[0]]).toEqual([
      1,
      `error[audit-broken]: The audit log is broken at row ${number + 1}.`,
    ]);
    await writeFile(checkpoint, kept);
    expect((await here.run(["audit", "verify"])).code).toBe(0);
  });
});
