import { spawnSync } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findNetworkNamespace } from "../../src/adapters/executors/network-namespace.ts";
import { findSandbox } from "../../src/adapters/executors/sandbox.ts";
import { HAS_GCLOUD } from "../builds/gcloud-against.ts";
import { Installation, type Running } from "./installation.ts";

const LONG = 240_000;
const PATH = process.env.PATH ?? "";
const canKeep = (await findNetworkNamespace(PATH)).kind === "own" && (await findSandbox(tmpdir(), PATH)) !== undefined;
const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;
if (!canKeep || !HAS_CURL) console.warn("SKIPPED: the two production mix-ups: no namespaces, or no curl.");

const environment = (project: string, rest = "") =>
  `{ project: ${project}, region: us-central1, cloud: embedded, registry: gcr.io/${project}, identities: { build: b, deploy: d, migrate: m, runtime: r }${rest} }`;
const PLATFORM = `platform: acme
environments:
  staging: ${environment("acme-staging")}
  production: ${environment("acme-production", ", policies: { promoteFrom: staging }")}
`;

/** As theirs: it parses no argument, and falls back to production. */
const DEPLOY_RAG = `#!/bin/bash
PROJECT="\${PROJECT:-acme-production}"
BODY='{"template":{"containers":[{"image":"gcr.io/acme-production/mobius-rag"}]}}'
for token in "$STAGING_TOKEN" "$MOBIUS_STEP_TOKEN"; do
  curl --silent --output /dev/null --write-out 'deploying to %{url}: %{http_code}\\n' -X POST -H "Authorization: Bearer $token" \\
    -H 'Content-Type: application/json' -d "$BODY" \\
    "$MOBIUS_SERVER/v2/projects/$PROJECT/locations/us-central1/services?serviceId=mobius-rag"
done
curl --silent --show-error --max-time 5 -X POST -d "$BODY" \\
  "https://run.googleapis.com/v2/projects/$PROJECT/locations/us-central1/services?serviceId=mobius-rag" 2>&1 || echo "Google: refused"
if command -v gcloud >/dev/null; then
  gcloud run services list --project "$PROJECT" --region us-central1 2>&1 || echo "gcloud run: refused"
  gcloud secrets create rag-key --project "$PROJECT" 2>&1 || echo "gcloud secrets: refused"
fi
exit 0
`;

/** As theirs: it takes GCP_PROJECT_ID and asks gcloud's ambient configuration instead. */
const DEPLOY_OS = `#!/bin/bash
PROJECT="$(gcloud config get-value project 2>/dev/null)"
echo "ambient project: [$PROJECT]"
gcloud secrets create os-key --project "$PROJECT" 2>&1 && echo "made in [$PROJECT]" || echo "gcloud secrets: refused"
exit 0
`;

describe.skipIf(!canKeep || !HAS_CURL)("a staging build with the two scripts that deployed to production", () => {
  let here: Installation;
  let server: Running;
  let folder: string;
  /** What \`mobius env staging\` says, for a step: its token in a file of the source. */
  let access: Readonly<Record<string, string>>;
  let token: string;

  beforeAll(async () => {
    here = await Installation.make();
    await mkdir(here.umbrella);
    await writeFile(join(here.umbrella, "mobius.yaml"), PLATFORM);
    // The server's own user works on production, as theirs did.
    const gcloud = join(here.root, "home", ".config", "gcloud");
    await mkdir(join(gcloud, "configurations"), { recursive: true });
    await writeFile(join(gcloud, "active_config"), "default");
    await writeFile(join(gcloud, "configurations", "config_default"), "[core]\nproject = acme-production\n");
    server = here.start(["serve", "--dir", here.umbrella, "--port", String(here.port)]);
    await server.waitFor(/Serving/);
    folder = join(here.root, "source");
    await mkdir(folder);
    await writeFile(join(folder, "deploy-rag.sh"), DEPLOY_RAG, { mode: 0o755 });
    await writeFile(join(folder, "deploy-os.sh"), DEPLOY_OS, { mode: 0o755 });
    // Their scripts make secrets, which the deploy identity may not by itself.
    const granted = await here.run(["identity", "grant", "staging", "deploy", "roles/secretmanager.admin"]);
    expect([granted.code, granted.err]).toEqual([0, ""]);
    const { variables } = await here.json<{ variables: Readonly<Record<string, string>> }>(["env", "staging"]);
    const tokenFile = variables.CLOUDSDK_AUTH_ACCESS_TOKEN_FILE ?? "";
    await cp(tokenFile, join(folder, "token"));
    const answer = await here.ask("/api/v1/environments/staging/access", { method: "POST", body: "{}" });
    token = ((await answer.json()) as { token: string }).token;
    access = {
      ...variables,
      CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: "/workspace/token",
      CLOUDSDK_CONFIG: "/builder/home/gcloud",
    };
  }, LONG);
  afterAll(async () => {
    server?.kill("SIGINT");
    await server?.ended;
    await here?.[Symbol.asyncDispose]();
  });

  const build = async (command: string, env: Readonly<Record<string, string>>) => {
    const step = { name: "gcr.io/cloud-builders/gcloud", entrypoint: "bash", args: ["-c", command] };
    const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(folder, "cloudbuild.json"), JSON.stringify({ steps: [{ ...step, env: given }] }));
    const submit = ["build", "submit", "--dir", folder, "--config", "cloudbuild.json", "--project", "acme-staging"];
    return (await here.start(submit).ended).err;
  };
  const made = async (project: string) => {
    const [services, secrets] = await Promise.all([
      here.ask(`/v2/projects/${project}/locations/us-central1/services`),
      here.ask(`/v1/projects/${project}/secrets`),
    ]);
    return JSON.stringify([await services.json(), await secrets.json()]);
  };

  it("a deploy script that ignores its arguments and defaults to the production project is refused", {
    timeout: LONG,
  }, async () => {
    const before = await made("acme-production");
    const command = "./deploy-rag.sh --project acme-staging --cloud-sql-instance dev";
    const log = await build(command, { ...access, STAGING_TOKEN: token });
    expect(log).toMatch(/deploying to \S+\/projects\/acme-production\/\S+: 403\n[\s\S]*acme-production\/\S+: 403\n/);
    expect(log).toContain("Google: refused");
    if (HAS_GCLOUD) expect(log).toMatch(/gcloud run: refused[\s\S]*gcloud secrets: refused/);
    expect(await made("acme-production")).toBe(before);
    expect(before).not.toContain("rag");
  });

  it.skipIf(!HAS_GCLOUD)(
    "a script that uses the ambient gcloud project lands on staging",
    { timeout: LONG },
    async () => {
      const before = await made("acme-production");
      const log = await build("GCP_PROJECT_ID=acme-staging ./deploy-os.sh", access);
      expect(log).toContain("ambient project: [acme-staging]");
      expect(log).toContain("made in [acme-staging]");
      expect(await made("acme-production")).toBe(before);
      expect(await made("acme-staging")).toContain("os-key");
    },
  );

  it.skipIf(!HAS_GCLOUD)(
    "without access of its own such a script finds no project, and reaches nothing",
    {
      timeout: LONG,
    },
    async () => {
      const before = await made("acme-production");
      const log = await build("./deploy-os.sh; PROJECT=acme-production ./deploy-rag.sh", {});
      expect(log).not.toContain("ambient project: [acme-production]");
      expect(log).toContain("gcloud secrets: refused");
      expect(log).toContain("Google: refused");
      expect(log).not.toContain("made in");
      expect(await made("acme-production")).toBe(before);
    },
  );
});
