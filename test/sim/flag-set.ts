/** A platform with a flag: two manifests that differ in it, so that one can be released, and rolled back to. */
import { SimWorld } from "./sim-world.ts";

/** The manifest that is released first. */
export const OLD = "release-manifests/old-staging.yaml";
/** The one after it. */
export const NEW = "release-manifests/new-staging.yaml";

const PLATFORM = `
platform: sim
git: { writeBack: main }
modules:
  app: { repository: ./app.git, path: app }
images:
  app: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } }
services:
  api: { image: app, env: { FLAG: "\${flags.fast}" } }
  hub: { image: app, env: { FLAG: "\${flags.fast}" } }
  worker: { image: app, role: worker, env: { FLAG: "\${flags.fast}" }, run: { minInstances: 1, maxInstances: 1, cpuThrottling: false } }
flags:
  fast: { type: boolean }
environments:
  staging:
    project: mobius-staging
    region: us-central1
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
    policies: { rehearsal: false }
`;

function manifest(name: string, fast: boolean): string {
  return `release_id: ${name}-staging\ncommits:\n  app: "${"1".repeat(40)}"\nfeature_flags:\n  fast: ${fast}\n`;
}

/** A world in which nothing was released yet. */
export function flagWorld(): SimWorld {
  return new SimWorld({
    umbrella: { "mobius.yaml": PLATFORM, [OLD]: manifest("old", false), [NEW]: manifest("new", true) },
    "./app.git": { "server.js": "1" },
  });
}
