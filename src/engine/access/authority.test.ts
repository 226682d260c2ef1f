import { describe, expect, it } from "vitest";
import { createMemoryAudit } from "../../../test/support/memory-audit.ts";
import type { AuditRow } from "../../core/audit/audit-row.ts";
import { parsePlatform } from "../../core/platform/parse-platform.ts";
import { present } from "../../core/values/assert.ts";
import { describeAuthority } from "../../ports/authority.contract.ts";
import { createProjectAuthority } from "../../ports/authority.fake.ts";
import { right, rightOnNew } from "../../ports/authority.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import type { Caller } from "../../ports/identities.ts";
import { createAuthority } from "./authority.ts";
import { createGrants } from "./grants.ts";

const PLATFORM = `
platform: p
modules: { app: { repository: ./app.git, path: app } }
images: { api: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } } }
services: { api: { image: api, secrets: { KEY: "api-key:latest" } } }
environments:
  staging: { project: p1, region: l, registry: gcr.io/p1, identities: { build: b, deploy: d, migrate: m, runtime: r } }
  production: { project: p2, region: l, registry: gcr.io/p2, identities: { build: b, deploy: d, migrate: m, runtime: r } }
`;

const email = (name: string) => `${name}@p1.iam.gserviceaccount.com`;
const identity = (name: string): Caller => ({
  kind: "identity",
  email: email(name),
  environment: "staging",
  project: "p1",
});
const deploy = identity("d");

function platformOf(text: string) {
  const parsed = parsePlatform(text, "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems[0].summary);
  return parsed.value;
}

function start(text = PLATFORM) {
  const audit = createMemoryAudit();
  const platform = platformOf(text);
  const grants = createGrants({ platform: async () => platform, documents: createMemoryDocuments() });
  const clock = { now: () => 1_800_000_000_000 as never };
  const authority = createAuthority({
    book: grants.book,
    audit,
    clock: { ...clock, monotonicMs: () => 0, sleep: async () => {} },
  });
  const rows = async () => {
    const all: AuditRow[] = [];
    for await (const row of audit.rows()) all.push(row);
    return all;
  };
  return { authority, grants, platform, rows };
}

describeAuthority("memory", async () => ({ authority: createProjectAuthority(), deploy }));
describeAuthority("grants", async () => ({ authority: start().authority, deploy }));

const SECRET = right("secretmanager.versions.access", "projects/p1/secrets/api-key/versions/1");

describe("what is recorded", () => {
  it("is one row of a refused call, whatever it would have done besides, and says why", async () => {
    const { authority, rows } = start();
    const needs = [
      right("run.services.create", "projects/p1/locations/l"),
      { kind: "act-as", account: email("x"), by: "service", project: "p1" },
    ] as const;
    await authority.authorize({ caller: deploy, needs, requestId: "r-1" });
    expect(await rows()).toMatchObject([
      {
        number: 1,
        who: { kind: "identity", id: email("d") },
        what: "iam.serviceAccounts.actAs",
        resource: `projects/p1/serviceAccounts/${email("x")}`,
        requestId: "r-1",
        outcome: "denied",
        reason: `${email("d")} has iam.serviceAccounts.actAs on projects/p1/serviceAccounts/${email("r")} and 1 more only.`,
      },
    ]);
  });

  it("is one row of a change, and none of a look", async () => {
    const { authority, rows } = start();
    for (const permission of ["run.services.list", "run.services.update"] as const) {
      await authority.authorize({ caller: deploy, needs: [right(permission, "projects/p1")], requestId: "r-1" });
    }
    expect(await rows()).toMatchObject([{ what: "run.services.update", outcome: "allowed" }]);
  });

  it("has no name that came in a query or a body, but for projects of ours and what has the form of an account", async () => {
    const { authority, rows } = start();
    const canary = "s3cr3t-canary";
    const needs = [
      rightOnNew("secretmanager.secrets.create", `projects/p1/secrets/${canary}`, "projects/p1"),
      rightOnNew("storage.buckets.create", `projects/p2/buckets/${canary}`, "projects"),
      rightOnNew("storage.buckets.create", `projects/${canary}/buckets/x`, "projects"),
      { kind: "act-as", account: canary, by: "build", project: "p1" },
      right("run.services.get", `projects/p1/${"x".repeat(400)}\n`),
    ] as const;
    for (const need of needs) await authority.authorize({ caller: identity("b"), needs: [need], requestId: "r-1" });
    const all = await rows();
    expect(all.map(({ resource }) => resource)).toEqual([
      "projects/p1",
      "projects/p2",
      "projects",
      "projects/p1/serviceAccounts/?",
      `projects/p1/${"x".repeat(288)}`,
    ]);
    expect(JSON.stringify(all)).not.toContain(canary);
  });

  it("has a step under its build", async () => {
    const { authority, rows } = start();
    const step: Caller = { kind: "step", build: "b-1", environment: "", project: "p1", email: email("b") };
    expect((await authority.authorize({ caller: step, needs: [SECRET], requestId: "r-1" })).ok).toBe(false);
    expect(await rows()).toMatchObject([{ who: { kind: "step", id: `${email("b")} in build b-1` } }]);
  });
});

describe("grants", () => {
  const access = async (world: ReturnType<typeof start>, name: string, secret: string) => {
    const needs = [right("secretmanager.versions.access", `projects/p1/secrets/${secret}`)] as const;
    return (await world.authority.authorize({ caller: identity(name), needs, requestId: "r-1" })).ok;
  };

  it("of a release's own platform reach its secrets too, also when the umbrella's folder is behind", async () => {
    const world = start();
    const further = platformOf(
      PLATFORM.replace('KEY: "api-key:latest"', 'KEY: "api-key:latest", NEW: "new-key:latest"'),
    );
    expect(await access(world, "r", "new-key")).toBe(false);
    await world.grants.adopt(further, present(further.environments.staging, "staging"));
    expect(await access(world, "r", "new-key")).toBe(true);
    expect(await access(world, "r", "api-key")).toBe(true);
    expect(await access(world, "b", "new-key")).toBe(false);
    // The same platform once more changes nothing of what people read.
    const before = await world.grants.book();
    await world.grants.adopt(further, present(further.environments.staging, "staging"));
    expect(await world.grants.book()).toEqual(before);
  });

  it("of people count at once, and end at once", async () => {
    const world = start();
    const grant = {
      identity: "build",
      role: "roles/secretmanager.secretAccessor",
      resource: "projects/p1/secrets/npm-token",
      by: "ada",
    } as const;
    expect(await access(world, "b", "npm-token")).toBe(false);
    await world.grants.change("staging", () => [grant]);
    expect(await access(world, "b", "npm-token")).toBe(true);
    expect(await access(world, "b", "npm-token-2")).toBe(false);
    await world.grants.change("staging", () => []);
    expect(await access(world, "b", "npm-token")).toBe(false);
  });
});
