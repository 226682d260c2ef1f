import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HAS_GCLOUD } from "../builds/gcloud-against.ts";
import type { Installation } from "./installation.ts";
import { SamplePlatform } from "./sample-platform.ts";

const LONG = 240_000;
const SERVICE = "mobius-skills-scraper";
const CONFIG = "cloudbuild.staging.yaml";
/** As deploy scripts are written: the image, then everything that the service is to have. */
const DEPLOY = `gcloud run deploy ${SERVICE} --region=us-central1 --image="$image" --memory=256Mi --cpu=1 --max-instances=2 \\
  --concurrency=80 --timeout=300 --service-account=mobius-platform-staging@mobius-staging.iam.gserviceaccount.com`;
const VARIABLES =
  "--set-env-vars=REDIS_URL=redis://redis.staging.internal:6379/0,GCS_BUCKET=mobius-rag-uploads-staging";
const script = (...lines: readonly string[]) =>
  ["#!/usr/bin/env bash", "set -euo pipefail", `image=$(mobius phase build ${SERVICE} | tail -n 1)`, ...lines, ""].join(
    "\n",
  );

/** A module that deploys by a script of its own, with the real gcloud or with curl, in a release to staging. */
describe("a module's own script in a release", () => {
  let platform: SamplePlatform;
  let here: Installation;

  beforeAll(async () => {
    platform = await SamplePlatform.open();
    here = platform.here;
    await here.push(".", "mobius.yaml", (text) =>
      text.replace(/( {2}mobius-skills:\n)/, "$1    script: deploy/release.sh\n"),
    );
    const rendered = await here.run(["render", platform.manifest]);
    expect(rendered.out).toContain("exec mobius phase script mobius-skills ./mobius-skills/deploy/release.sh");
    await here.push(".", CONFIG, () => rendered.out);
  }, LONG);
  afterAll(() => platform[Symbol.asyncDispose]());

  /** A manifest whose mobius-skills is at a commit with the script given. */
  async function withScript(name: string, text: string): Promise<string> {
    const file = join(here.umbrella, "mobius-skills", "deploy", "release.sh");
    await writeFile(file, text, { mode: 0o755 });
    await here.git("mobius-skills", "add", "deploy/release.sh");
    await here.git("mobius-skills", "commit", "--quiet", "--message", `Deploy by a script: ${name}`);
    await here.git("mobius-skills", "push", "--quiet", "origin", "HEAD:refs/heads/by-script");
    const commit = await here.git("mobius-skills", "rev-parse", "HEAD");
    return platform.draft(`${name}-staging`, (manifest) =>
      manifest.replace(/^ {2}mobius-skills: \w+/m, `  mobius-skills: ${commit}`),
    );
  }

  const revision = async () => (await platform.serving()).find(({ service }) => service === SERVICE)?.revision;
  const buildLog = async (release: string) => (await here.run(["logs", release, "--build"])).out;
  const newest = async () => (await here.json<readonly { readonly id: string }[]>(["status"]))[0]?.id ?? "";

  it.skipIf(!HAS_GCLOUD)(
    "becomes the candidate that is verified and takes the traffic",
    { timeout: LONG },
    async () => {
      const file = await withScript("by-gcloud", script(`${DEPLOY} ${VARIABLES}`));
      await platform.released(file);
      // The revision is gcloud's own, and not one that the release made.
      expect(await revision()).toMatch(/^mobius-skills-scraper-\d{5}-/);
    },
  );

  it.skipIf(!HAS_GCLOUD)("moves no traffic, whatever it asks for", { timeout: LONG }, async () => {
    const move = `gcloud run services update-traffic ${SERVICE} --region=us-central1 --to-latest`;
    const file = await withScript("moving", script(`${DEPLOY} ${VARIABLES}`, move));
    const { err } = await platform.failed(file);
    expect(err).toContain("error[script-failed]");
    expect(await buildLog(await newest())).toContain(`Traffic of ${SERVICE} is pinned`);
  });

  it.skipIf(!HAS_GCLOUD)(
    "is no candidate where it dropped a variable, and is told which",
    { timeout: LONG },
    async () => {
      const lost = VARIABLES.replace(/,GCS_BUCKET=.*/, "");
      const { err } = await platform.failed(await withScript("dropping", script(`${DEPLOY} ${lost}`)));
      expect(err).toContain("error[script-candidate-differs]");
      expect(err).toContain("env GCS_BUCKET");
    },
  );

  it.skipIf(!HAS_GCLOUD)(
    "reaches no service of another module, and the audit log has it",
    { timeout: LONG },
    async () => {
      const foreign = `gcloud run services update mobius-rag --region=us-central1 --update-env-vars=A=1`;
      const file = await withScript("foreign", script(foreign));
      const { err } = await platform.failed(file);
      expect(err).toContain("error[script-failed]");
      const audit = (await here.run(["audit", "list"])).out;
      expect(audit).toMatch(/denied.*services\/mobius-rag/);
    },
  );

  it("deploys with curl against the same API as well", { timeout: LONG }, async () => {
    const change = [
      "const { template } = JSON.parse(process.env.SERVICE);",
      "delete template.revision;",
      "const [container] = template.containers;",
      "container.image = process.env.IMAGE;",
      'container.env = [{ name: "REDIS_URL", value: "redis://redis.staging.internal:6379/0" },',
      '  { name: "GCS_BUCKET", value: "mobius-rag-uploads-staging" }];',
      "console.log(JSON.stringify({ template }));",
    ];
    const lines = [
      `url="$MOBIUS_SERVER/v2/projects/$PROJECT_ID/locations/$REGION/services/${SERVICE}"`,
      'ask() { curl --silent --fail --header "Authorization: Bearer $(cat "$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE")" "$@"; }',
      `changed=$(IMAGE=$image SERVICE=$(ask "$url") node --eval '${change.join("\n")}')`,
      'ask --request PATCH --header "Content-Type: application/json" --data "$changed" "$url?updateMask=template"',
    ];
    await platform.released(await withScript("by-curl", script(...lines)));
    expect(await revision()).toMatch(/^mobius-skills-scraper-\d{5}-/);
  });
});
