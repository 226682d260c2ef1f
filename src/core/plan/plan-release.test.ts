import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENVIRONMENT, live, service } from "../../../test/support/plan-values.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Module, Platform, Service } from "../platform/platform.ts";
import { digestOf } from "../values/digest.ts";
import type { CommitId } from "../values/ids.ts";
import { renderProblem } from "../values/problem.ts";
import { buildKey } from "./build-key.ts";
import type { ObservedService } from "./observed.ts";
import { isNothingToDo, type Plan } from "./plan.ts";
import type { PlanInput } from "./plan-input.ts";
import { planRelease } from "./plan-release.ts";

const WHERE = { file: "m.yaml", line: 1, column: 1 };
const C1 = "1".repeat(40) as CommitId;
const KEY = digestOf("key");
const IMAGE = digestOf("image");

const module: Module = {
  name: "app",
  source: { kind: "repository", url: "./app.git" },
  path: "app",
  inputs: [],
  migrations: { database: "app_db", kinds: ["sql"], directory: "db", when: "before" },
};

function platform(services: readonly Service[]): Platform {
  return {
    name: "p",
    git: { writeBack: { kind: "none" } },
    modules: { app: module },
    images: {
      app: {
        kind: "built",
        name: "app",
        module: "app",
        repository: "app",
        build: { kind: "source", include: ["server.js"], command: ["node", "server.js"] },
      },
    },
    services: Object.fromEntries(services.map((s) => [s.name, s])),
    environments: { staging: ENVIRONMENT },
    flags: { stream: { name: "stream", type: "boolean" } },
    overrides: { redis_url: { name: "redis_url", type: "url" } },
    checks: [],
    notifications: {},
  };
}

const manifest: Manifest = {
  file: "release-manifests/x-staging.yaml",
  releaseId: { value: "x-staging", where: WHERE },
  description: "",
  environment: "staging",
  commits: { app: { value: C1, where: WHERE } },
  images: {},
  migrations: {},
  featureFlags: {},
  envOverrides: {},
  verification: { dbtTest: false },
  notes: [],
  rewrites: [],
};

function input(over: Partial<PlanInput> = {}): PlanInput {
  return {
    platform: platform([service("api")]),
    environment: ENVIRONMENT,
    manifest,
    manifestDigest: digestOf("manifest"),
    commits: { app: { ref: C1, repository: "./app.git", path: "app", commit: C1 } },
    artifacts: { app: { key: KEY, present: IMAGE, missing: [] } },
    migrationFiles: {},
    ledgers: {},
    connectionLimit: undefined,
    services: {},
    jobs: {},
    addresses: { api: "http://127.0.0.1:4001" },
    secretVersions: {},
    released: {},
    dropped: [],
    problems: [],
    ...over,
  };
}

function planned(over: Partial<PlanInput> = {}): Plan {
  const made = planRelease(input(over));
  if (!made.ok) throw new Error(made.problems.map(renderProblem).join("\n"));
  return made.value;
}

function reasons(plan: Plan): readonly string[] {
  return plan.actions.services[0]?.reasons ?? [];
}

describe("planRelease", () => {
  it("plans nothing for what it has just released", () => {
    const first = planned();
    const again = planned({ services: { api: live(first) } });
    expect(isNothingToDo(first)).toBe(false);
    expect(isNothingToDo(again)).toBe(true);
  });

  it("gives the same digest for the same input, and another one when anything that it would do differs", () => {
    expect(planned().digest).toBe(planned().digest);
    const other = planned({
      addresses: { api: "http://127.0.0.1:4002" },
      platform: platform([service("api", { env: { SELF: "${services.api.url}" } })]),
    });
    expect(other.digest).not.toBe(planned().digest);
  });

  it("has a canary for those of its services that serve and change, covered by the digest", () => {
    const canary = (services: readonly [string, ...string[]]) => {
      const gates = { minRequests: 5 };
      const policies = {
        ...ENVIRONMENT.policies,
        canary: { services, steps: [{ percent: 10, bakeMs: 1 }] as const, gates },
      };
      return { environment: { ...ENVIRONMENT, policies } };
    };
    expect(planned(canary(["api"])).actions.canary).toBeUndefined();
    const changed = { services: { api: live(planned()) }, artifacts: { app: { key: KEY, missing: [] } } };
    const plan = planned({ ...changed, ...canary(["other", "api"]) });
    expect(plan.actions.canary).toEqual({
      services: ["api"],
      steps: [{ percent: 10, bakeMs: 1 }],
      gates: { minRequests: 5 },
    });
    expect(plan.digest).not.toBe(planned(changed).digest);
  });

  it("says that an image will be built when nobody has built its key", () => {
    const plan = planned({ artifacts: { app: { key: KEY, missing: [] } }, services: { api: live(planned()) } });
    expect(plan.actions.builds[0]?.state).toEqual({ kind: "to-build" });
    expect(reasons(plan)).toEqual([expect.stringMatching(/^image: \w{12} → to be built$/)]);
  });

  it("says which variables and settings differ, one clause each", () => {
    const before = live(
      planned({ platform: platform([service("api", { env: { OLD: "1", SAME: "1", MOVED: "a" } })]) }),
    );
    const changed = service("api", { env: { SAME: "1", MOVED: "b", NEW: "2" } });
    const plan = planned({
      platform: platform([{ ...changed, run: { ...changed.run, memory: "1Gi" } }]),
      services: { api: before },
    });
    expect(reasons(plan)).toEqual(["env MOVED changed", "env NEW added", "env OLD removed", 'memory: "256Mi" → "1Gi"']);
  });

  it("replaces services, flags and overrides in variables, and pins the newest version of a secret", () => {
    const wired = service("api", {
      env: {
        SELF: "${services.api.url}/search",
        REDIS: "${overrides.redis_url}",
        STREAM: "${flags.stream}",
        DB: "${databases.app_db.url}",
      },
      secrets: { JWT: { secret: "jwt", version: "latest" } },
    });
    const plan = planned({
      platform: platform([wired]),
      manifest: { ...manifest, envOverrides: { redis_url: { value: "redis://r", where: WHERE } } },
      secretVersions: { jwt: "3", "database-url-app-db": "7" },
    });
    expect(plan.actions.services[0]?.intended.env).toEqual({
      SELF: { kind: "plain", value: "http://127.0.0.1:4001/search" },
      REDIS: { kind: "plain", value: "redis://r" },
      STREAM: { kind: "plain", value: "false" },
      DB: { kind: "secret", secret: "database-url-app-db", version: "7" },
      JWT: { kind: "secret", secret: "jwt", version: "3" },
    });
  });

  it("refuses what is another environment's in variables, command, rehearsal and instances, unless it is shared", () => {
    const production = {
      ...ENVIRONMENT,
      name: "production",
      aliases: { names: ["prod"], projects: [] },
      project: "mobiusos-new",
      boundary: { owns: ["projects/638/*", "prod-uploads"], shares: [] },
    };
    const mixed = service("api", {
      env: {
        INDEX: "projects/638/locations/x/indexes/1",
        LIST: "a,gs://prod-uploads/x",
        OURS: "mobius-staging",
        CHAT_ENV: "prod",
        MODE: "prod",
      },
      rehearsal: { env: { QUEUE: "projects/638/topics/q" } },
      run: { ...service("api").run, args: ["--project", "mobiusos-new"], cloudsqlInstances: ["mobiusos-new:r:db"] },
    });
    const over = (environment = ENVIRONMENT) => {
      const environments = { staging: environment, production };
      return input({ platform: { ...platform([mixed]), environments }, environment });
    };
    const made = planRelease(over());
    expect(made.ok ? [] : made.problems.map(({ summary }) => summary)).toEqual([
      '"projects/638/locations/x/indexes/1" in services.api.env.INDEX does not belong to staging.',
      '"prod-uploads" in services.api.env.LIST does not belong to staging.',
      '"prod" in services.api.env.CHAT_ENV does not belong to staging.',
      '"projects/638/topics/q" in services.api.rehearsal.env.QUEUE does not belong to staging.',
      '"mobiusos-new" in services.api.run.args does not belong to staging.',
      '"mobiusos-new" in services.api.run.cloudsqlInstances does not belong to staging.',
    ]);
    const shares = ["projects/638/*", "prod-uploads", "mobiusos-new", "prod"];
    expect(planRelease(over({ ...ENVIRONMENT, boundary: { owns: [], shares } })).ok).toBe(true);
  });

  it("leaves the services of a module that the manifest does not name out of it", () => {
    expect(planned({ artifacts: {}, commits: {} }).actions.services).toEqual([]);
  });

  it("takes a split of the traffic for a reason to release", () => {
    const before = live(planned());
    const split = {
      ...before,
      traffic: [
        ...before.traffic.map((t) => ({ ...t, percent: 90 })),
        { revision: "api-x", percent: 10, latest: false },
      ],
    };
    expect(reasons(planned({ services: { api: split } }))).toEqual(["traffic is split over api-rel1-1, api-x"]);
  });

  const file = (text: string) => ({ path: "db/001.sql", checksum: digestOf(text) });
  const withMigration = {
    manifest: { ...manifest, migrations: { app: [{ kind: "sql", name: "db/001.sql", where: WHERE }] } },
    migrationFiles: { app: [file("create"), { path: "db/002.sql", checksum: digestOf("forgotten") }] },
    ledgers: { app_db: [] },
  } as const satisfies Partial<PlanInput>;

  it("plans the migrations that a ledger lacks, and tells of files that nobody named", () => {
    const plan = planned(withMigration);
    expect(plan.actions.migrations.map((migration) => [migration.identifier, migration.state])).toEqual([
      ["db/001.sql", "to-apply"],
    ]);
    expect(plan.informative.unnamedMigrations).toEqual([{ module: "app", identifier: "db/002.sql" }]);
    const row = { module: "app", identifier: "db/001.sql", checksum: digestOf("create"), state: "applied" } as const;
    expect(planned({ ...withMigration, ledgers: { app_db: [row] } }).actions.migrations[0]?.state).toBe("applied");
  });

  const row = { module: "app", identifier: "db/001.sql", checksum: digestOf("create") };
  const refusals: readonly [string, Partial<PlanInput>, readonly string[]][] = [
    [
      "secret-missing",
      { platform: platform([service("api", { secrets: { JWT: { secret: "jwt", version: "latest" } } })]) },
      [
        'error[secret-missing]: Secret "jwt" has no version in mobius-staging, and service "api" needs it as JWT.',
        "  why:   A service without its secret would start without its configuration, or not at all.",
        "  fix:   Create it: mobius secret set jwt --env staging (the value is read from standard input).",
      ],
    ],
    [
      "override-missing",
      { platform: platform([service("api", { env: { REDIS: "${overrides.redis_url}" } })]) },
      [
        'error[override-missing]: Service "api" needs env override "redis_url" for REDIS, and the manifest does not give it.',
        "  why:   Declared configuration is complete, or the release does not start: no variable is left out silently.",
        "  fix:   Add env_overrides.redis_url to the manifest.",
      ],
    ],
    [
      "variable-undeclared",
      { services: { api: byHand(live(planned())) } },
      [
        'error[variable-undeclared]: Service "api" runs with variable HOTFIX, which mobius.yaml does not declare.',
        "  why:   Somebody set it by hand. Deploying what is declared would lose it without a word.",
        "  fix:   Add HOTFIX to services.api.env in mobius.yaml, or say that it may go: --drop api.HOTFIX",
      ],
    ],
    [
      "image-not-from-commit",
      {
        artifacts: { app: { key: KEY, pinned: { digest: IMAGE, exists: true, key: digestOf("other") }, missing: [] } },
      },
      [
        'error[image-not-from-commit]: Image "app" is pinned to a digest that was not built from this manifest\'s commit of app.',
        "  why:   The digest and the commit name different source, so nobody could say what would run.",
        "  fix:   Remove the digest from images.app, so that it is built, or put the commit back that it was built from.",
      ],
    ],
    [
      "image-missing",
      { artifacts: { app: { key: KEY, pinned: { digest: IMAGE, exists: false }, missing: [] } } },
      [
        'error[image-missing]: Image "app" is pinned to a digest that the registry does not have.',
        `  why:   gcr.io/mobius-staging/app@${IMAGE} was asked for and is not there.`,
        "  fix:   Remove the digest from images.app, so that it is built, or push the image first.",
      ],
    ],
    [
      "source-file-missing",
      { artifacts: { app: { key: KEY, missing: ["server.js"] } } },
      [
        'error[source-file-missing]: Image "app" includes "server.js", which the commit of app does not have.',
        "  why:   An image without a file that it names would fail when it starts.",
        "  fix:   Correct images.app.build.source.include in mobius.yaml, or name a commit that has the file.",
      ],
    ],
    [
      "migration-missing",
      { ...withMigration, migrationFiles: {} },
      [
        'error[migration-missing]: Migration "db/001.sql" is not in app at this manifest\'s commit.',
        "  where: m.yaml:1:1",
        "  why:   A migration is a file of the very commit that is released.",
        "  fix:   Correct the name, or name a commit that has the file.",
      ],
    ],
    [
      "applied-migration-changed",
      { ...withMigration, ledgers: { app_db: [{ ...row, checksum: digestOf("edited"), state: "applied" }] } },
      [
        'error[applied-migration-changed]: Migration "db/001.sql" was applied to app_db from a file that reads differently now.',
        "  where: m.yaml:1:1",
        "  why:   The migration ledger's checksum differs from the file's, so the schema and the file no longer say the same.",
        "  fix:   Put the applied file back and write the change as a new migration.",
      ],
    ],
    [
      "migration-unsettled",
      { ledgers: { app_db: [{ ...row, state: "started" }] } },
      [
        'error[migration-unsettled]: Migration "db/001.sql" was started on app_db and never finished.',
        "  why:   It may be half applied; anything that follows would build on unknown ground.",
        '  fix:   Look at app_db, then say how it stands. Where all of it is there: mobius migrations resolve staging db/001.sql --applied --reason "…"; where nothing of it is left: the same with --not-applied.',
      ],
    ],
  ];
  it.each(refusals)("refuses with %s", (code, over, lines) => {
    const made = planRelease(input(over));
    const texts = made.ok ? [] : made.problems.map(renderProblem);
    expect(texts).toEqual([[...lines, `  more:  docs/errors.md#${code}`].join("\n")]);
  });

  it("lets a live variable go when a person said so", () => {
    const plan = planned({ services: { api: byHand(live(planned())) }, dropped: ["api.HOTFIX"] });
    expect(reasons(plan)).toEqual(["env HOTFIX removed"]);
  });
});

/** The same service after somebody ran `gcloud run services update`. */
function byHand(observed: ObservedService): ObservedService {
  const { serving } = observed;
  if (serving === undefined) throw new Error("nothing serves");
  const env = { ...serving.template.env, HOTFIX: { kind: "plain", value: "1" } } as const;
  const name = "api-00007-abc";
  const traffic = [{ revision: name, percent: 100, latest: true }];
  return { ...observed, traffic, serving: { ...serving, name, template: { ...serving.template, env } } };
}

describe("buildKey", () => {
  const image = platform([]).images.app;
  if (image?.kind !== "built") throw new Error("app is built");
  const files = [
    { path: "server.js", mode: "100644", object: "a" },
    { path: "README.md", mode: "100644", object: "b" },
  ];

  it("changes with the files that the image includes and with nothing else", () => {
    const key = (changed: string) =>
      buildKey({
        image,
        module,
        inputs: [],
        files: files.map((f) => (f.path === changed ? { ...f, object: "new" } : f)),
      });
    const before = buildKey({ image, module, files, inputs: [] });
    expect(key("README.md")).toBe(before);
    expect(key("server.js")).not.toBe(before);
  });

  it("does not depend on the order in which files are listed", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(buildKey({ image, module, files: shuffled, inputs: [] })).toBe(
          buildKey({ image, module, files, inputs: [] }),
        );
      }),
    );
  });

  it("covers the inputs from other repositories", () => {
    const input = (object: string) => [{ path: "contracts", files: [{ path: "x.js", mode: "100644", object }] }];
    expect(buildKey({ image, module, files, inputs: input("1") })).not.toBe(
      buildKey({ image, module, files, inputs: input("2") }),
    );
  });
});

describe("planRelease, where digests only are taken", () => {
  const protectedOne = { ...ENVIRONMENT, policies: { ...ENVIRONMENT.policies, promoteFrom: "qa" } };

  it("asks for a digest, even where the registry has an image of the same source", () => {
    const made = planRelease(input({ environment: protectedOne }));
    expect(!made.ok && made.problems.map(({ code }) => code)).toEqual(["image-not-pinned"]);
    const tagged = { app: { value: { repository: "gcr.io/mobius-staging/app", tag: "v1" }, where: WHERE } };
    const byTag = planRelease(input({ environment: protectedOne, manifest: { ...manifest, images: tagged } }));
    expect(!byTag.ok && byTag.problems[0].where).toEqual(WHERE);
  });

  it("takes what is pinned and there, and builds nothing", () => {
    const pinned = { digest: IMAGE, exists: true, key: KEY };
    const plan = planned({ environment: protectedOne, artifacts: { app: { key: KEY, pinned, missing: [] } } });
    expect(plan.actions.builds.map(({ state }) => state)).toEqual([{ kind: "present", digest: IMAGE }]);
    expect(plan.actions.services[0]?.intended.image.digest).toBe(IMAGE);
  });
});
