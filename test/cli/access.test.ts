import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLATFORM_TEXT, type ServerWorld, startServerWorld, TOKEN } from "../server/server-world.ts";
import { runMobius } from "./run-mobius.ts";

let server: ServerWorld;
beforeAll(async () => {
  server = await startServerWorld();
});
afterAll(() => server[Symbol.asyncDispose]());

const mobius = (...argv: string[]) =>
  runMobius(argv, { url: server.base, token: TOKEN, files: { "mobius.yaml": PLATFORM_TEXT } });
const DEPLOY = "d@mobius-staging.iam.gserviceaccount.com";

describe("mobius identity", () => {
  it("lists who there is and what each may do, for people, machines and the umbrella's documents", async () => {
    const text = await mobius("identity", "list", "staging");
    expect(text.code, text.err).toBe(0);
    expect(text.out).toContain(`deploy  ${DEPLOY}\n  roles/run.developer on the project\n`);
    expect(text.out).toContain("None of them may do anything in another environment");
    const json = JSON.parse((await mobius("identity", "list", "staging", "--json")).out);
    expect(json).toMatchObject({ apiVersion: "mobius/v1", environment: "staging", elsewhere: { leaks: [] } });
    const markdown = await mobius("identity", "list", "staging", "--markdown");
    expect(markdown.out).toMatch(/^# IAM and secrets of staging\n/);
    const unknown = await mobius("identity", "list", "qa");
    expect([unknown.code, unknown.err.split("\n")[0]]).toEqual([
      3,
      'error[resource-unknown]: There is no environment "qa".',
    ]);
  });

  it("answers whether an identity has a permission, with the reason, and exits 1 where it has not", async () => {
    const allowed = await mobius("identity", "test", "staging", "run.services.create");
    expect([allowed.code, allowed.out]).toEqual([
      0,
      `allowed: ${DEPLOY} run.services.create on projects/mobius-staging\n  roles/run.developer on projects/mobius-staging: makes revisions and moves traffic.\n`,
    ]);
    const elsewhere = await mobius("identity", "test", "staging", "run.services.create", "projects/other");
    expect([elsewhere.code, elsewhere.out]).toEqual([
      1,
      `denied: ${DEPLOY} run.services.create on projects/other\n  ${DEPLOY} has run.services.create on projects/mobius-staging only.\n`,
    ]);
    const build = await mobius("identity", "test", "staging", "--identity", "build", "run.services.create", "--json");
    expect([build.code, JSON.parse(build.out)]).toEqual([1, expect.objectContaining({ allowed: false })]);
    expect((await mobius("identity", "test", "staging", "run.service.create")).code).toBe(2);
    expect((await mobius("identity", "test", "staging", "--identity", "root", "run.services.create")).code).toBe(2);
  });

  it("grants a role in the environment, takes it back, and refuses one elsewhere", async () => {
    const secret = "projects/mobius-staging/secrets/npm-token";
    const role = "roles/secretmanager.secretAccessor";
    const ask = async () =>
      (await mobius("identity", "test", "staging", "--identity", "build", "secretmanager.versions.access", secret))
        .code;
    expect(await ask()).toBe(1);
    expect((await mobius("identity", "grant", "staging", "build", role, "--on", secret)).code).toBe(0);
    expect(await ask()).toBe(0);
    expect((await mobius("identity", "list", "staging")).out).toContain("reads secrets npm-token");
    expect((await mobius("identity", "revoke", "staging", "build", role, "--on", secret)).code).toBe(0);
    expect(await ask()).toBe(1);
    const foreign = await mobius("identity", "grant", "staging", "build", role, "--on", "projects/mobiusos-new");
    expect([foreign.code, foreign.err.split("\n")[0]]).toEqual([
      3,
      'error[resource-outside]: "projects/mobiusos-new" is not in environment "staging".',
    ]);
    expect((await mobius("identity", "grant", "staging", "build", "roles/owner")).code).toBe(2);
    expect((await mobius("identity", "grant", "staging", "robot", role)).code).toBe(3);
  });
});

describe("mobius audit", () => {
  it("shows what was changed and refused, verifies the chain, and exports every row", async () => {
    await mobius("identity", "grant", "staging", "build", "roles/run.viewer");
    await server.ask("GET", "/api/v1/releases", { headers: { authorization: "Bearer CANARY" } });
    const list = await mobius("audit", "list", "--limit", "2");
    expect(list.out.split("\n")).toEqual([
      expect.stringMatching(
        /^\d+ {2}\S+Z {2}allowed {2}person ada {2}mobius.identityGrant {2}\/api\/v1\/environments\/staging\/identities\/build\/grants {2}/,
      ),
      expect.stringMatching(/^\d+ {2}\S+Z {2}unauthenticated {2}unknown {2}mobius.releases {2}\/api\/v1\/releases {2}/),
      "",
    ]);
    const json = JSON.parse((await mobius("audit", "list", "--json")).out) as readonly unknown[];
    const rows = (await mobius("audit", "export")).out.trim().split("\n");
    expect(rows.map((row) => JSON.parse(row) as unknown)).toEqual(json);
    expect(rows.join("")).not.toContain("CANARY");
    const verified = await mobius("audit", "verify");
    expect([verified.code, verified.out]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^The audit log is whole: ${rows.length} rows, ending in sha256:`)),
    ]);
    expect(JSON.parse((await mobius("audit", "list", "--since", "2100-01-01T00:00:00Z", "--json")).out)).toEqual([]);
    expect((await mobius("audit", "list", "--since", "yesterday")).code).toBe(2);
  });
});
