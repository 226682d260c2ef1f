/**
 * The platform that real schedules release: two services of one image and one database, as small as a platform can be
 * that has everything a release does. Each schedule releases another commit of it.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Installation } from "../../scenarios/installation.ts";

/** What a commit is like. `ill`: its candidate fails its check; `ill-live`: it answers well but at its service's address. */
export type Health = "ok" | "ill" | "ill-live";

/** One commit of the module `api`, and the manifest that releases it. */
export interface Change {
  /** From 1; names the manifest, and the migration where it has one. */
  readonly number: number;
  readonly health: Health;
  readonly hasMigration: boolean;
}

export const PROJECT = "mobius-faults";
export const REGION = "us-central1";
export const DATABASE = "faults";
/** The secret that holds the database's password. */
export const PASSWORD_SECRET = "db-password";

const PLATFORM = `platform: faults
git: { umbrella: ./.remotes/umbrella.git, writeBack: main }
modules:
  api:
    repository: ./.remotes/api.git
    path: api
    migrations: { database: ${DATABASE}, kind: sql, directory: migrations }
images:
  api: { module: api, build: { source: { include: ["*.js", "*.json"], command: [node, server.js] } } }
services:
  api:
    image: api
    run: { memory: 128Mi, cpu: 1, minInstances: 0, maxInstances: 1 }
    env: { DATABASE_URL: "\${databases.${DATABASE}.url}", OWN_URL: "\${services.api.url}" }
    checks: [{ http: "\${services.api.url}/live", expect: { json: { status: ok } }, tries: 1, within: 10s }]
  web:
    image: api
    run: { memory: 128Mi, cpu: 1, minInstances: 0, maxInstances: 1 }
    env: { API_URL: "\${services.api.url}" }
environments:
  staging:
    project: ${PROJECT}
    region: ${REGION}
    cloud: embedded
    registry: gcr.io/${PROJECT}
    identities: { build: build, deploy: deploy, migrate: migrate, runtime: runtime }
    databases:
      ${DATABASE}: { user: faults_app, password: ${PASSWORD_SECRET} }
    policies: { queue: all, soak: 0s, rehearsal: false }
`;

const SERVER = `import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { health, number } = JSON.parse(readFileSync(new URL("./release.json", import.meta.url), "utf8"));
const { host } = new URL(process.env.OWN_URL ?? "http://nowhere");
createServer((request, response) => {
  const isCandidate = request.headers.host !== host;
  const isWell = request.url !== "/live" || health === "ok" || (health === "ill-live" && isCandidate);
  response.writeHead(isWell ? 200 : 503, { "content-type": "application/json" });
  response.end(JSON.stringify({ status: isWell ? "ok" : "ill", number }));
}).listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`;

const PACKAGE = `${JSON.stringify({ private: true, type: "module" })}\n`;
/** Every other migration leaves a row here, so that one that was applied twice can be seen. */
const FIRST_MIGRATION =
  "CREATE TABLE effects (name text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());\n";

/** The migration of a change, as its manifest names it. */
export const migrationPath = (number: number) => `migrations/${String(number).padStart(4, "0")}_effect.sql`;
/** The manifest of a change. */
export const manifestPath = (number: number) => `release-manifests/s${String(number).padStart(4, "0")}-staging.yaml`;

/** Makes the umbrella's folder and all remotes, with nothing released. */
export async function makeSmallPlatform(here: Installation): Promise<void> {
  await mkdir(here.umbrella);
  const remotes = join(here.umbrella, ".remotes");
  await mkdir(remotes);
  for (const name of ["umbrella", "api"]) {
    await here.git(".remotes", "init", "--quiet", "--bare", "--initial-branch=main", `${name}.git`);
  }
  await here.git(".", "init", "--quiet", "--initial-branch=main");
  await here.git(".", "remote", "add", "origin", join(remotes, "umbrella.git"));
  await writeAll(here, ".", { "mobius.yaml": PLATFORM, ".gitignore": ".remotes/\nwork/\n" });
  await here.git(".", "push", "--quiet", "origin", "main");
  await here.git(".", "clone", "--quiet", ".remotes/api.git", "work/api");
  await here.git("work/api", "checkout", "--quiet", "-B", "main");
  await writeAll(here, "work/api", {
    "package.json": PACKAGE,
    "server.js": SERVER,
    "release.json": release("ok", 0),
    "migrations/0000_effects.sql": FIRST_MIGRATION,
  });
  await here.git("work/api", "push", "--quiet", "origin", "main");
}

/** Commits and pushes a change and its manifest; gives the manifest's path. */
export async function pushChange(here: Installation, { number, health, hasMigration }: Change): Promise<string> {
  const identifier = migrationPath(number);
  await writeAll(here, "work/api", {
    "release.json": release(health, number),
    ...(hasMigration ? { [identifier]: `INSERT INTO effects (name) VALUES ('${identifier}');\n` } : {}),
  });
  await here.git("work/api", "push", "--quiet", "origin", "main");
  const commit = await here.git("work/api", "rev-parse", "HEAD");
  const migrations = ["migrations/0000_effects.sql", ...(hasMigration ? [identifier] : [])];
  const path = manifestPath(number);
  await here.git(".", "pull", "--quiet", "--rebase", "origin", "main");
  await writeAll(here, ".", {
    [path]: [
      `release_id: s${String(number).padStart(4, "0")}-staging`,
      `commits: { api: ${commit} }`,
      `migrations: { api: [${migrations.join(", ")}] }`,
      "",
    ].join("\n"),
  });
  await here.git(".", "push", "--quiet", "origin", "main");
  return path;
}

function release(health: Health, number: number): string {
  return `${JSON.stringify({ health, number })}\n`;
}

async function writeAll(here: Installation, folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(here.umbrella, folder, path)), { recursive: true });
    await writeFile(join(here.umbrella, folder, path), text);
    await here.git(folder, "add", "--force", path);
  }
  await here.git(folder, "commit", "--quiet", "-m", `Change ${Object.keys(files).join(", ")}`);
}
