import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePlatform } from "../platform/parse-platform.ts";
import { type ActAs, decideAccess, type GrantBook } from "./decide-access.ts";
import { emailsOf, grantsOf, IDENTITY_NAMES, type IdentityName, secretUses } from "./grants.ts";
import { leaksOf } from "./isolation.ts";
import type { Permission } from "./roles.ts";

const SAMPLE = resolve(import.meta.dirname, "../../../examples/mobius/umbrella/mobius.yaml");

/** The sample platform's own book. */
function sampleBook(): GrantBook {
  const parsed = parsePlatform(readFileSync(SAMPLE, "utf8"), "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems[0].summary);
  const platform = parsed.value;
  const environments = Object.values(platform.environments);
  return {
    environments: environments.map((environment) => ({
      name: environment.name,
      project: environment.project,
      identities: emailsOf(environment),
    })),
    grants: environments.flatMap((each) => grantsOf(platform, each, secretUses(platform, each))),
  };
}

const book = sampleBook();
const STAGING = "projects/mobius-staging";
const emailOf = (identity: IdentityName) =>
  book.environments.find(({ name }) => name === "staging")?.identities[identity] ?? "";
const has = (identity: IdentityName, permission: Permission, resource: string) =>
  decideAccess({ kind: "account", email: emailOf(identity) }, { kind: "right", permission, resource }, book).allowed;

describe("who may do what in staging", () => {
  it.each<[Permission, string, readonly IdentityName[]]>([
    ["run.services.create", `${STAGING}/locations/us-central1`, ["deploy"]],
    ["run.services.update", `${STAGING}/locations/us-central1/services/mobius-rag`, ["deploy"]],
    ["run.services.delete", `${STAGING}/locations/us-central1/services/mobius-rag`, ["deploy"]],
    ["run.services.setIamPolicy", `${STAGING}/locations/us-central1/services/mobius-rag`, []],
    ["run.jobs.run", `${STAGING}/locations/us-central1/jobs/j`, ["deploy"]],
    ["cloudbuild.builds.create", STAGING, ["deploy"]],
    ["cloudbuild.builds.approve", `${STAGING}/builds/b`, []],
    ["iam.serviceAccounts.actAs", `${STAGING}/serviceAccounts/${emailOf("runtime")}`, ["deploy"]],
    ["iam.serviceAccounts.actAs", `${STAGING}/serviceAccounts/${emailOf("deploy")}`, []],
    ["iam.serviceAccounts.actAs", `${STAGING}/serviceAccounts/${emailOf("migrate")}`, []],
    ["secretmanager.versions.access", `${STAGING}/secrets/jwt-secret/versions/1`, ["runtime"]],
    ["secretmanager.versions.access", `${STAGING}/secrets/jwt-secret-2/versions/1`, []],
    ["secretmanager.versions.access", `${STAGING}/secrets/db-password-mobius/versions/1`, ["migrate", "runtime"]],
    ["secretmanager.versions.access", `${STAGING}/secrets/database-url-mobius/versions/1`, ["migrate", "runtime"]],
    ["secretmanager.versions.access", `${STAGING}/secrets/git-token/versions/1`, []],
    ["secretmanager.versions.access", STAGING, []],
    ["secretmanager.versions.add", `${STAGING}/secrets/database-url-mobius`, ["migrate"]],
    ["secretmanager.versions.add", `${STAGING}/secrets/jwt-secret`, []],
    ["secretmanager.secrets.create", `${STAGING}/secrets/database-url-mobius`, ["migrate"]],
    ["secretmanager.secrets.create", `${STAGING}/secrets/other`, []],
    ["secretmanager.versions.list", `${STAGING}/secrets/jwt-secret`, ["deploy", "migrate"]],
    ["artifactregistry.repositories.uploadArtifacts", `${STAGING}/repositories/gcr.io/mobius-staging/x`, ["build"]],
    [
      "artifactregistry.repositories.downloadArtifacts",
      `${STAGING}/repositories/gcr.io/mobius-staging/x`,
      ["build", "deploy", "runtime"],
    ],
    ["artifactregistry.repositories.uploadArtifacts", `${STAGING}/repositories/gcr.io/mobius-staging-2/x`, []],
    ["cloudsql.instances.connect", `${STAGING}/instances/main`, ["build", "migrate", "runtime"]],
    ["storage.objects.get", `${STAGING}/buckets/mobius-staging_cloudbuild`, ["build", "deploy"]],
    ["storage.objects.create", `${STAGING}/buckets/mobius-staging_cloudbuild`, ["deploy"]],
    ["storage.objects.get", `${STAGING}/buckets/uploads`, []],
    ["logging.logEntries.create", STAGING, ["build"]],
    ["logging.logEntries.list", STAGING, ["deploy"]],
    ["monitoring.timeSeries.list", STAGING, ["deploy"]],
  ])("%s on %s: %j", (permission, resource, allowed) => {
    expect(IDENTITY_NAMES.filter((identity) => has(identity, permission, resource))).toEqual(allowed);
  });

  it.each<[Permission, string, boolean]>([
    ["run.services.update", "locations/us-central1/services/mobius-rag", true],
    ["run.services.create", "locations/us-central1/services/mobius-rag", true],
    ["run.jobs.update", "locations/us-central1/jobs/mobius-rag", true],
    ["run.services.update", "locations/us-central1/services/mobius-rag-two", false],
    ["run.services.delete", "locations/us-central1/services/mobius-chat-api", false],
    ["run.services.create", "locations/us-central1/services/", false],
    ["run.services.create", "locations/us-central1", false],
    ["run.services.get", "locations/us-central1/services/mobius-chat-api", true],
    ["secretmanager.versions.access", "secrets/jwt-secret/versions/1", false],
    ["cloudbuild.builds.create", "", false],
    ["cloudbuild.builds.update", "builds/b", false],
    ["storage.objects.create", "buckets/mobius-staging_cloudbuild/objects/o", false],
    ["serviceusage.services.enable", "services/run.googleapis.com", true],
  ])("a script of mobius-rag has: %s on %s: %s", (permission, name, isAllowed) => {
    const script = { kind: "account", email: emailOf("deploy"), services: ["mobius-rag"] } as const;
    const right = { kind: "right", permission, resource: `${STAGING}/${name}`.replace(/\/$/, "") } as const;
    expect(decideAccess(script, right, book).allowed).toBe(isAllowed);
  });

  it("is nothing in a project whose name only begins alike", () => {
    expect(has("deploy", "run.services.create", "projects/mobius-staging-2/locations/l")).toBe(false);
  });
});

describe("acting as an account", () => {
  const actAs = (identity: IdentityName | "person", need: Partial<ActAs>) => {
    const who =
      identity === "person" ? { kind: "person" as const } : { kind: "account" as const, email: emailOf(identity) };
    const asked: ActAs = { kind: "act-as", account: "", by: "service", project: "mobius-staging", ...need };
    return decideAccess(who, asked, book);
  };

  it("is asked for where none is named too: a service's is the runtime identity, a build's the build identity", () => {
    expect(actAs("deploy", { by: "service" }).reason).toContain(emailOf("runtime"));
    expect(actAs("deploy", { by: "build" }).reason).toContain(emailOf("build"));
    for (const by of ["service", "build"] as const) expect(actAs("build", { by }).allowed).toBe(false);
  });

  it("is refused on another environment's account, to a person too, however it is written", () => {
    for (const account of [
      "mobius-platform-prod@mobiusos-new.iam.gserviceaccount.com",
      "projects/mobius-staging/serviceAccounts/mobius-platform-prod@mobiusos-new.iam.gserviceaccount.com",
      "projects/-/serviceAccounts/mobius-platform-prod@mobiusos-new.iam.gserviceaccount.com",
      "projects/mobiusos-new/serviceAccounts/1234567890",
    ]) {
      for (const who of ["deploy", "person"] as const) {
        expect(actAs(who, { account }), account).toMatchObject({
          allowed: false,
          reason: "A service of project mobius-staging runs as an account of its own project only.",
        });
      }
    }
  });

  it("is the server's alone where it is the deploy or the migrate identity: no step comes to hold it", () => {
    for (const identity of ["deploy", "migrate"] as const) {
      const account = `projects/-/serviceAccounts/${emailOf(identity)}`;
      for (const by of ["build", "service"] as const) expect(actAs("person", { account, by }).allowed).toBe(false);
    }
    expect(actAs("person", { account: `other@mobius-staging.iam.gserviceaccount.com` }).allowed).toBe(true);
  });
});

describe("other environments", () => {
  it("give no right to anybody, whatever the right", () => {
    for (const { name } of book.environments) {
      const { checked, leaks } = leaksOf(book, name);
      expect(leaks).toEqual([]);
      expect(checked).toBeGreaterThan(500);
    }
  });

  it("would show a grant that leaks", () => {
    const [, , production] = book.environments;
    const leak = {
      identity: "build",
      environment: "staging",
      member: emailOf("build"),
      role: "roles/run.developer",
      resource: `projects/${production?.project}`,
      because: "a mistake",
    } as const;
    const { leaks } = leaksOf({ ...book, grants: [...book.grants, leak] }, "staging");
    expect(leaks).toContainEqual({
      email: emailOf("build"),
      environment: "staging",
      permission: "run.services.create",
      resource: "projects/mobiusos-new",
    });
  });
});
