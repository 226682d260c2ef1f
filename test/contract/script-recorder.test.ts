import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSource } from "../../src/adapters/git/source.ts";
import { createScriptRecorder } from "../../src/adapters/scripts/script-recorder.ts";
import { judgeScript } from "../../src/core/adoption/judge-script.ts";
import type { RecordedScript } from "../../src/core/adoption/recorded-script.ts";
import { parsePlatform } from "../../src/core/platform/parse-platform.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import type { ScriptRecorder } from "../../src/ports/script-recorder.ts";
import { HAS_GCLOUD } from "../builds/gcloud-against.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";

const PLATFORM = `platform: mobius
modules: { mobius-rag: { path: mobius-rag }, mobius-os: { path: mobius-os } }
images:
  rag: { module: mobius-rag, build: { dockerfile: Dockerfile } }
services:
  mobius-rag: { image: rag, env: { A: "1", B: "2" }, secrets: { JWT_SECRET: jwt-secret:latest } }
  mobius-os-backend: { image: rag }
environments:
  staging: &
  production: &
`.replace(
  /(\w+): &/g,
  (_all, name: string) =>
    `${name}: { project: ${name === "staging" ? "mobius-staging" : "mobiusos-new"}, region: us-central1, registry: gcr.io/x, identities: { build: b, deploy: d, migrate: m, runtime: r } }`,
);

/** Parses no arguments and falls back to the production project, as the staging procedure found out. */
const RAG = `#!/usr/bin/env bash
set -euo pipefail
PROJECT_ID="\${GCP_PROJECT:-mobiusos-new}"
TAG=$(date +%s)
gcloud builds submit . --project="$PROJECT_ID" --tag "gcr.io/$PROJECT_ID/mobius-rag:$TAG" --quiet
KEY=$(gcloud secrets versions access latest --secret=jwt-secret --project="$PROJECT_ID")
[[ -n $KEY ]]
gcloud run deploy mobius-rag --image="gcr.io/$PROJECT_ID/mobius-rag:$TAG" --project="$PROJECT_ID" --region=us-central1 \\
  --add-cloudsql-instances="$PROJECT_ID:us-central1:mobius-dev" --set-env-vars="^;^A=1;C=x,y" --set-env-vars=D=
URL=$(gcloud run services describe mobius-rag --project="$PROJECT_ID" --region=us-central1 --format='value(status.url)')
[[ $(curl -s -o /dev/null -w '%{http_code}' "$URL/health") == 200 ]]
`;

/** Ignores what it is passed in favour of the project that the machine is set to. */
const OS = `#!/usr/bin/env bash
set -euo pipefail
PROJECT_ID=$(gcloud config get-value project 2>/dev/null)
gcloud run deploy mobius-os-backend --image="gcr.io/$PROJECT_ID/os" --allow-unauthenticated=false --region=us-central1
gcloud run describe mobius-os-backend
`;

const SCRIPTS = {
  "rag.sh": RAG,
  "os.sh": OS,
  "asks.sh": 'read -p "Deploy? " answer\n[ "$answer" = y ]\n',
  "waits.sh": "sleep 600 & echo $!; wait\n",
  "way-out.js": `#!${process.execPath}
const { request } = await import("node:http");
const { hostname, port } = new URL(process.env.http_proxy);
request({ hostname, port, path: "http://api.example.com/deploy" }, (answer) => process.exit(answer.statusCode === 403 ? 3 : 0)).end();
`,
  "home.sh": 'echo "$HOME $#: $1"; [ -z "$(ls -A "$HOME")" ] && [ -z "${SECRET_OF_PERSON:-}" ]\n',
};

/** Enough for a shell to start on a busy machine. */
const SHORT_MS = 3_000;
/** Each call of the real gcloud takes seconds. */
const LONG_MS = 240_000;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a recorded run of a script", () => {
  let here: Repositories;
  let commit: CommitId;
  let record: ScriptRecorder;
  beforeAll(async () => {
    here = await makeRepositories();
    await here.make("rag");
    commit = await here.commit("rag", SCRIPTS);
    await here.git("rag", "update-index", "--chmod=+x", "way-out.js");
    commit = await here.commit("rag", {});
    await here.push("rag");
    process.env.SECRET_OF_PERSON = "hunter2";
    record = createScriptRecorder({
      source: createSource({ mirrorsDirectory: join(here.folder, "mirrors"), umbrellaDirectory: here.umbrella }),
      node: process.execPath,
      standIn: resolve(import.meta.dirname, "../../src/main/record-call.ts"),
      searchPath: process.env.PATH ?? "",
    });
  });
  afterAll(async () => {
    delete process.env.SECRET_OF_PERSON;
    await here[Symbol.asyncDispose]();
  });

  const run = async (script: string, args: readonly string[] = [], deadlineMs = 60_000): Promise<RecordedScript> => {
    const recorded = await record({
      checkouts: [{ url: "../rag.git", commit, path: "." }],
      files: { "release-manifests/x-staging.yaml": "release_id: x-staging\n" },
      script,
      args,
      variables: {},
      deadlineMs,
      signal: new AbortController().signal,
    });
    if (!recorded.ok) throw new Error(JSON.stringify(recorded.error));
    return recorded.value.recorded;
  };
  const judged = async (script: keyof typeof SCRIPTS, args: readonly string[] = [], deadlineMs?: number) => {
    const platform = parsePlatform(PLATFORM, "mobius.yaml");
    if (!platform.ok) throw new Error(JSON.stringify(platform.problems));
    const environment = platform.value.environments.staging;
    if (environment === undefined) throw new Error("no staging");
    const recorded = await run(script, args, deadlineMs);
    const live = { "mobius-rag": ["SET_BY_HAND"] };
    return judgeScript({ platform: platform.value, environment, script: SCRIPTS[script], recorded, live });
  };

  it("shows the RAG script that ignores its arguments and deploys to production", { timeout: LONG_MS }, async () => {
    const { findings, ...touched } = await judged("rag.sh", [
      "--project=mobius-staging",
      "--cloud-sql-instance=staging",
    ]);
    expect(touched).toEqual({
      projects: ["mobiusos-new"],
      regions: ["us-central1"],
      services: ["mobius-rag"],
      secrets: ["jwt-secret"],
    });
    const texts = findings.map(({ kind, text }) => `${kind}: ${text}`);
    expect(texts).toContain(
      "foreign: `gcloud run deploy mobius-rag` names \"mobiusos-new\" in --project, which is production's and not staging's.",
    );
    expect(texts).toContain(
      "foreign: `gcloud run deploy mobius-rag` names \"mobiusos-new\" in --add-cloudsql-instances, which is production's and not staging's.",
    );
    expect(texts).toContain(
      "dropped-variables: It would drop B, SET_BY_HAND of mobius-rag: --set-env-vars replaces everything.",
    );
    expect(findings.filter(({ kind }) => !["foreign", "dropped-variables"].includes(kind))).toEqual([]);
  });

  it("shows the OS script that takes the project of the machine", { timeout: LONG_MS }, async () => {
    const { findings } = await judged("os.sh");
    const texts = findings.map(({ kind, text }) => `${kind}: ${text}`);
    expect(texts).toContain(
      "ambient-project: `gcloud config get-value project` works in whatever project the machine's gcloud is set to.",
    );
    expect(texts).toContain(
      "ambient-project: `gcloud run deploy mobius-os-backend` works in whatever project the machine's gcloud is set to.",
    );
    expect(texts).toContain(
      "refused-call: gcloud refuses `gcloud run deploy mobius-os-backend`: --allow-unauthenticated takes no value; the opposite is --no-allow-unauthenticated.",
    );
    expect(texts).toContain(
      'refused-call: gcloud refuses `gcloud run describe mobius-os-backend`: there is no command "gcloud run describe"; services are under "gcloud run services".',
    );
  });

  it("finds who asks at a terminal, and ends who waits with all that it started", async () => {
    expect((await judged("asks.sh")).findings.map(({ kind }) => kind)).toEqual(["exit-code", "terminal-read"]);
    const { ended, output } = await run("waits.sh", [], SHORT_MS);
    expect(ended).toEqual({ kind: "deadline", afterMs: SHORT_MS });
    expect(Number(output[0])).toBeGreaterThan(1);
    await expect.poll(() => isAlive(Number(output[0])), { timeout: 15_000 }).toBe(false);
  });

  it("lets nothing out, and writes down what asked", async () => {
    const { findings } = await judged("way-out.js");
    expect(
      findings.map(({ kind, text }) => [kind, text.includes("api.example.com") || text.includes("with 3")]),
    ).toEqual([
      ["exit-code", true],
      ["unrecorded-host", true],
    ]);
  });

  it("gives an empty home and nothing of the person's environment", async () => {
    const { ended, output } = await run("home.sh", ["release-manifests/x-staging.yaml"]);
    expect(ended).toEqual({ kind: "exited", code: 0 });
    expect(output[0]).toMatch(/\/home 1: release-manifests\/x-staging\.yaml$/);
  });

  it.skipIf(!HAS_GCLOUD)("asks the real gcloud what it refuses", { timeout: LONG_MS }, async () => {
    const { calls } = await run("os.sh");
    const refusals = calls.map(({ argv, refusal }) => [argv.slice(0, 3).join(" "), refusal]);
    expect(refusals).toContainEqual([
      "run describe mobius-os-backend",
      expect.stringContaining("Invalid choice: 'describe'"),
    ]);
    expect(refusals).toContainEqual([
      "run deploy mobius-os-backend",
      expect.stringContaining("--allow-unauthenticated"),
    ]);
    expect(refusals).toContainEqual(["config get-value project", undefined]);
  });
});
