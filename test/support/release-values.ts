import type { Plan } from "../../src/core/plan/plan.ts";
import type { Release } from "../../src/core/release/state.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { actorId, type CommitId, type ReleaseId } from "../../src/core/values/ids.ts";
import { instant } from "../../src/core/values/time.ts";

const STARTED = 1_790_000_000_000;
/** A moment of the sample release, in seconds after it was asked for. */
export const secondsIn = (seconds: number) => instant(STARTED + seconds * 1_000);
/** A commit id of one digit. */
export const commit = (digit: string) => digit.repeat(40) as CommitId;

const KEY = digestOf("build key");

/** A plan of one module with one service, image and migration. */
function somePlan(over: Partial<Plan["actions"]> = {}, environment = "staging"): Plan {
  const settings = {
    command: [],
    args: [],
    port: 8080,
    env: {},
    memory: "256Mi",
    cpu: 1,
    cpuThrottling: true,
    minInstances: 0,
    maxInstances: 2,
    concurrency: 80,
    timeoutSeconds: 300,
    serviceAccount: "r@x",
    cloudsqlInstances: [],
    startup: { path: "/health", withinSeconds: 10 },
  };
  return {
    digest: digestOf("plan"),
    environment,
    project: `mobius-${environment}`,
    region: "us-central1",
    manifest: { file: "release-manifests/m.yaml", releaseId: `2026-09-21-${environment}`, digest: digestOf("m") },
    actions: {
      commits: [
        { module: "app", repository: "../app.git", path: "app", ref: "v1", commit: commit("2"), from: commit("1") },
      ],
      builds: [
        {
          key: KEY,
          image: "app",
          imageKeys: ["app"],
          module: "app",
          repository: "gcr.io/mobius-staging/app",
          tags: [],
          state: { kind: "to-build" },
        },
      ],
      migrations: [
        {
          database: "app_db",
          module: "app",
          kind: "sql",
          identifier: "001.sql",
          path: "db/001.sql",
          checksum: digestOf("001"),
          when: "before",
          state: "to-apply",
        },
      ],
      services: [
        {
          service: "api",
          role: "api",
          module: "app",
          change: "update",
          reasons: ["image: to be built", "env REDIS_URL changed"],
          intended: { ...settings, image: { buildKey: KEY, repository: "gcr.io/mobius-staging/app" } },
          serving: { revision: "api-rel6-1", digest: digestOf("old") },
        },
      ],
      flags: [],
      overrides: [],
      ...over,
    },
    preconditions: [],
    informative: { rewrites: [], notes: [], unnamedMigrations: [] },
  };
}

/** A release of that plan that succeeded, changed as a test wants it. */
export function someRelease(over: Partial<Release> = {}): Release {
  const build = {
    kind: "ended",
    tag: "rel-7",
    id: "b-7",
    logUrl: "http://127.0.0.1:7070/builds/b-7",
    status: "SUCCESS",
  } as const;
  const done = (phase: Release["phases"][number]["phase"], from: number, to: number): Release["phases"][number] => ({
    phase,
    try: 1,
    startedAt: secondsIn(from),
    outcome: { kind: "succeeded", at: secondsIn(to), summary: "done" },
  });
  return {
    id: "REL-7" as ReleaseId,
    plan: somePlan(),
    umbrellaCommit: commit("f"),
    trigger: "manual:ada",
    requestId: "request-7",
    requestedBy: actorId("person", "ada"),
    requestedAt: secondsIn(0),
    stage: { name: "ended", outcome: { kind: "succeeded" }, at: secondsIn(65), build },
    phases: [
      done("back-up", 10, 12),
      done("migrate", 12, 13),
      done("shift", 40, 41),
      done("verify", 41, 60),
      done("migrate-after-soak", 60, 61),
      done("record", 61, 65),
    ],
    closedGates: [],
    approvals: [],
    exceptions: [],
    images: { [KEY]: digestOf("new") },
    imageSources: { [KEY]: "built" },
    backup: "rel-7",
    appliedMigrations: [{ database: "app_db", identifier: "001.sql", durationMs: 120 }],
    pinned: { api: "api-rel6-1" },
    candidates: { api: { revision: "api-rel7-1", isFirst: false, ready: { digest: digestOf("new") } } },
    canary: [],
    checks: [{ check: "services.api.checks[0]", on: "serving", verdict: "passed", tries: 1, evidence: "status 200" }],
    shifts: [{ service: "api", revision: "api-rel7-1", done: { at: secondsIn(41), url: "http://127.0.0.1:4001" } }],
    restored: {},
    lastSequence: 40,
    ...over,
  };
}

/** The same release, rolled back after its traffic had moved. */
export function rolledBack(over: Partial<Release> = {}): Release {
  const released = someRelease();
  const problem = {
    code: "check-failed",
    severity: "error",
    summary: "Check services.api.checks[0] on serving failed after 3 tries.",
    why: ["status 503"],
    fix: "Mend it.",
  } as const;
  return someRelease({
    stage: {
      name: "ended",
      outcome: { kind: "rolled-back", problem },
      at: secondsIn(50),
      build: released.stage.name === "ended" ? released.stage.build : { kind: "none" },
    },
    phases: released.phases.slice(0, 3),
    checks: [{ check: "services.api.checks[0]", on: "serving", verdict: "failed", tries: 3, evidence: "status 503" }],
    restored: { api: "api-rel6-1" },
    ...over,
  });
}
