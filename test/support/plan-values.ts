import type { ObservedService } from "../../src/core/plan/observed.ts";
import { type Plan, revisionName } from "../../src/core/plan/plan.ts";
import type { Environment, Service } from "../../src/core/platform/platform.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { instant } from "../../src/core/values/time.ts";

/** A service with an image `app`, changed as a test wants it. */
export function service(name: string, over: Partial<Service> = {}): Service {
  return {
    name,
    image: "app",
    role: "api",
    run: {
      port: 8080,
      memory: "256Mi",
      cpu: 1,
      minInstances: 0,
      maxInstances: 2,
      concurrency: 80,
      timeoutSeconds: 300,
      cpuThrottling: true,
      cloudsqlInstances: [],
      allowUnauthenticated: true,
    },
    env: {},
    secrets: {},
    health: { path: "/health", startupSeconds: 10 },
    checks: [],
    ...over,
  };
}

/** An environment with a database for the module `app`. */
export const ENVIRONMENT: Environment = {
  name: "staging",
  project: "mobius-staging",
  aliases: { names: [], projects: [] },
  region: "us-central1",
  cloud: "embedded",
  runtime: "auto",
  registry: "gcr.io/mobius-staging",
  identities: { build: "b", deploy: "d", migrate: "m", runtime: "r" },
  databases: { app_db: { name: "app_db", user: "app", passwordSecret: "pw" } },
  boundary: { owns: [], shares: [] },
  policies: { freezes: [], soakMs: 0, queue: "all", rehearsal: false },
};

/** A plan for that environment's namesake that does nothing: for tests of what becomes of a plan, whatever it says. */
export const EMPTY_PLAN: Plan = {
  digest: digestOf("plan"),
  environment: "staging",
  project: "mobius-staging",
  region: "us-central1",
  manifest: { file: "release-manifests/x-staging.yaml", releaseId: "x-staging", digest: digestOf("manifest") },
  actions: { commits: [], builds: [], migrations: [], services: [], flags: [], overrides: [] },
  preconditions: [],
  informative: { rewrites: [], notes: [], unnamedMigrations: [] },
};

/** The service as it is live after a plan was carried out. */
export function live(plan: Plan, name = "api"): ObservedService {
  const intended = plan.actions.services.find((candidate) => candidate.service === name)?.intended;
  if (intended === undefined) throw new Error(`${name} is not in the plan`);
  const { image, ...settings } = intended;
  const revision = revisionName(name, "REL-1", 1);
  return {
    name,
    url: "http://127.0.0.1:4001",
    etag: "1",
    labels: {},
    traffic: [{ revision, percent: 100, latest: false }],
    serving: {
      name: revision,
      template: { ...settings, image: `${image.repository}@${image.digest}` },
      digest: image.digest,
      labels: {},
      createdAt: instant(0),
    },
  };
}
