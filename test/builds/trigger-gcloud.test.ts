import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gcloudAgainst, HAS_GCLOUD } from "./gcloud-against.ts";
import { createTriggerWorld, GLOBAL, type TriggerWorld, WEBHOOK, WEBHOOK_SECRET } from "./trigger-world.ts";

/** gcloud takes seconds to start on a busy machine. */
const LONG = { timeout: 120_000 };
const REGIONAL = "/v1/projects/p1/locations/europe-west1/triggers";

describe.skipIf(!HAS_GCLOUD)("triggers with the real gcloud", () => {
  let w: TriggerWorld;
  let config: string;
  let gcloud: (...args: readonly string[]) => Promise<string>;
  beforeAll(async () => {
    w = await createTriggerWorld();
    const folder = join(w.world.directory, "gcloud");
    config = join(folder, "cloudbuild.yaml");
    const ask = gcloudAgainst({ url: w.url, folder, apis: ["CLOUDBUILD"], token: "ada" });
    gcloud = async (...args) => (await ask(...args)).trim();
    writeFileSync(config, 'steps:\n- name: ubuntu\n  args: [echo, "says $_X"]\nsubstitutions: {_X: file}\n');
    await w.here.make("app");
    await w.here.commit("app", {
      "ci/build.yaml": 'steps:\n- name: ubuntu\n  args: [echo, "builds $BRANCH_NAME of $REPO_FULL_NAME, $_X"]\n',
    });
    await w.here.push("app");
  });
  afterAll(() => w[Symbol.asyncDispose]());

  it("makes a webhook as the specification does, which starts builds", LONG, async () => {
    const create = ["beta", "builds", "triggers", "create", "webhook", "--name=hook", `--inline-config=${config}`];
    await gcloud(...create, `--secret=${WEBHOOK.secret}`, "--substitutions=_X=$(body.x)", "--description=For x");
    expect((await w.call("GET", `${GLOBAL}/hook`)).body).toMatchObject({
      webhookConfig: WEBHOOK,
      substitutions: { _X: "$(body.x)" },
      description: "For x",
    });
    const address = `${w.url}${GLOBAL}/hook:webhook?key=k&secret=${encodeURIComponent(WEBHOOK_SECRET)}`;
    expect((await fetch(address, { method: "POST", body: '{"x":"y"}' })).status).toBe(200);
    expect(await w.logOf((await w.deliveries("hook"))[0]?.build ?? "")).toContain("says y");
  });

  it("makes one of a repository, in a region, and runs it for a branch", LONG, async () => {
    const repository = ["--repo-owner=acme", "--repo-name=app", "--branch-pattern=^main$"];
    const create = ["builds", "triggers", "create", "github", "--name=app", "--region=europe-west1", ...repository];
    await gcloud(...create, "--build-config=ci/build.yaml", "--included-files=src/**", "--substitutions=_X=usual");
    expect((await w.call("GET", `${REGIONAL}/app`)).body).toMatchObject({
      github: { owner: "acme", name: "app", push: { branch: "^main$" } },
      filename: "ci/build.yaml",
      includedFiles: ["src/**"],
    });
    const run = ["builds", "triggers", "run", "app", "--region=europe-west1", "--branch=main"];
    const id = await gcloud(...run, "--substitutions=_X=other", "--format=value(metadata.build.id)");
    expect(await w.logOf(id)).toContain("builds main of acme/app, other");
  });

  it("makes a manual one, lists, describes, runs and removes it", LONG, async () => {
    const repository = ["--repo=https://github.com/acme/app", "--repo-type=GITHUB", "--branch=main"];
    const create = ["builds", "triggers", "create", "manual", "--name=by-hand", "--build-config=ci/build.yaml"];
    await gcloud(...create, ...repository, "--require-approval");
    expect(await gcloud("builds", "triggers", "list", "--filter=name:by-hand", "--format=value(name)")).toBe("by-hand");
    const described = await gcloud("builds", "triggers", "describe", "by-hand", "--format=json");
    expect(JSON.parse(described)).toMatchObject({
      name: "by-hand",
      sourceToBuild: { uri: "https://github.com/acme/app", ref: "refs/heads/main", repoType: "GITHUB" },
      gitFileSource: { path: "ci/build.yaml" },
      approvalConfig: { approvalRequired: true },
    });
    const id = await gcloud(
      "builds",
      "triggers",
      "run",
      "by-hand",
      "--branch=main",
      "--format=value(metadata.build.id)",
    );
    await gcloud("beta", "builds", "approve", id);
    expect(await w.logOf(id)).toContain("builds main of acme/app");
    await gcloud("builds", "triggers", "delete", "by-hand");
    expect((await w.call("GET", `${GLOBAL}/by-hand`)).status).toBe(404);
  });
});
