import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createTriggerWorld,
  GITHUB_SECRET,
  GLOBAL,
  type TriggerWorld,
  WEBHOOK,
  WEBHOOK_SECRET,
} from "./trigger-world.ts";

let w: TriggerWorld;
beforeEach(async () => {
  w = await createTriggerWorld();
});
afterEach(() => w[Symbol.asyncDispose]());

const FILE =
  'steps:\n- name: ubuntu\n  args: [echo, "$BRANCH_NAME $TAG_NAME $REPO_FULL_NAME $SHORT_SHA $_PR_NUMBER"]\noptions: {logging: CLOUD_LOGGING_ONLY}\n';
const WRONG = "0".repeat(64);

interface Told {
  readonly event?: string;
  readonly delivery?: string;
  readonly signature?: string;
  readonly type?: string;
}

/** Tells what GitHub would, signed as it does. */
async function tell(
  payload: unknown,
  { event = "push", delivery = "d-1", signature, type = "application/json" }: Told = {},
) {
  const body = JSON.stringify(payload);
  const signed = `sha256=${createHmac("sha256", GITHUB_SECRET).update(body).digest("hex")}`;
  const headers = {
    "content-type": type,
    "x-github-event": event,
    "x-github-delivery": delivery,
    "x-hub-signature-256": signature ?? signed,
  };
  const answer = await fetch(`${w.url}/v1/projects/p1/githubDotComWebhook:receive`, { method: "POST", body, headers });
  return { status: answer.status, body: await answer.json() };
}

const pushed = (ref: string, after: string, files: readonly string[] = [], message = "change") => ({
  ref,
  after,
  repository: { full_name: "acme/app" },
  commits: [{ added: files }],
  head_commit: { message },
});
const asked = (sha: string, more: Readonly<Record<string, unknown>> = {}) => ({
  action: "opened",
  repository: { full_name: "acme/app" },
  pull_request: {
    number: 7,
    author_association: "MEMBER",
    head: { ref: "feature", sha, repo: { full_name: "acme/app", html_url: "https://github.com/acme/app" } },
    base: { ref: "main" },
    ...more,
  },
});

/** A repository with a build file; its first commit. */
async function makeApp(): Promise<string> {
  await w.here.make("app");
  const commit = await w.here.commit("app", { "cloudbuild.yaml": FILE });
  await w.here.push("app");
  return commit;
}

const on = (name: string, github: object, more: object = {}) =>
  w.call("POST", GLOBAL, {
    name,
    filename: "cloudbuild.yaml",
    github: { owner: "acme", name: "app", ...github },
    ...more,
  });

describe("what GitHub tells", () => {
  it("builds a push to a branch that matches, once for each delivery, and says of the others why not", async () => {
    const commit = await makeApp();
    await on("main", { push: { branch: "^main$" } });
    await on("tags", { push: { tag: "^v" } });
    await on("docs", { push: { branch: ".*" } }, { includedFiles: ["docs/**"] });
    await on("other", { name: "other", push: { branch: ".*" } });
    const told = pushed("refs/heads/main", commit, ["src/x.ts"]);
    expect(await tell(told)).toEqual({ status: 200, body: {} });
    expect(await tell(told)).toEqual({ status: 200, body: {} });
    const [second, first] = await w.deliveries("main");
    expect([first?.verdict, second?.verdict]).toEqual(["accepted", "duplicate"]);
    expect(second?.build).toBe(first?.build);
    expect(await w.logOf(first?.build ?? "")).toContain(`main  acme/app ${commit.slice(0, 7)}`);
    expect((await w.deliveries("tags"))[0]).toMatchObject({
      verdict: "filtered",
      reason: "the trigger is for no push of a branch",
    });
    expect((await w.deliveries("docs"))[0]).toMatchObject({
      verdict: "filtered",
      reason: "no changed file is one that the trigger builds for",
    });
    expect(await w.deliveries("other")).toEqual([]);
  });

  it("builds a tag and a pull request at their commits", async () => {
    await makeApp();
    await w.here.git("app", "checkout", "--quiet", "-b", "feature");
    const commit = await w.here.commit("app", { "docs/a.md": "a" });
    await w.here.git("app", "tag", "v1");
    await w.here.git("app", "push", "--quiet", "origin", "feature", "v1");
    await on("tags", { push: { tag: "^v" } });
    await on("pulls", { pullRequest: { branch: "^main$" } }, { ignoredFiles: ["**/*.md"] });
    await on("all-pulls", { pullRequest: { branch: "^main$" } });
    await tell(pushed("refs/tags/v1", commit));
    await tell(asked(commit), { event: "pull_request" });
    expect(await w.logOf((await w.deliveries("tags"))[0]?.build ?? "")).toContain(` v1 acme/app`);
    expect(await w.logOf((await w.deliveries("all-pulls"))[0]?.build ?? "")).toContain(
      `feature  acme/app ${commit.slice(0, 7)} 7`,
    );
    expect((await w.deliveries("pulls"))[0]).toMatchObject({ verdict: "filtered" });
  });

  it("builds nothing that the repository does not have any more, nor what the server wrote back", async () => {
    const old = await makeApp();
    await on("main", { push: { branch: "^main$" } });
    const commit = await w.here.commit("app", { "x.txt": "x" });
    await w.here.push("app");
    await tell(pushed("refs/heads/main", old), { delivery: "late" });
    expect((await w.deliveries("main"))[0]).toMatchObject({
      verdict: "refused",
      reason: `Failed to trigger build: main of https://github.com/acme/app is at ${commit} by now: ${old} is not built any more`,
    });
    await tell(pushed("refs/heads/main", commit, [], "Released\n\nMobius-Release: REL-7\n"), { delivery: "own" });
    expect((await w.deliveries("main"))[0]).toMatchObject({
      verdict: "filtered",
      reason: "the server pushed it itself after a release",
    });
  });

  it.each<[string, unknown, Told]>([
    ["a deleted branch", pushed("refs/heads/main", "0".repeat(40)), {}],
    ["a ref of another kind", pushed("refs/notes/x", "1".repeat(40)), {}],
    ["a pull request that was closed", { ...asked("1".repeat(40)), action: "closed" }, { event: "pull_request" }],
    [
      "a pull request of a fork",
      asked("1".repeat(40), {
        head: { ref: "feature", sha: "1".repeat(40), repo: { full_name: "evil/app", html_url: "https://github.com" } },
      }),
      { event: "pull_request" },
    ],
    ["something else", { zen: "Keep it logically awesome." }, { event: "ping" }],
    ["a push without a commit", { ref: "refs/heads/main" }, {}],
  ])("takes %s and starts nothing", async (_name, payload, told) => {
    await on("main", { push: { branch: ".*" } });
    await on("pulls", { pullRequest: { branch: ".*" } });
    expect(await tell(payload, told)).toEqual({ status: 200, body: {} });
    expect([...(await w.deliveries("main")), ...(await w.deliveries("pulls"))]).toEqual([]);
  });

  it.each(["", "sha256=", "sha256=1", `sha256=${WRONG}`, `sha1=${WRONG}`, `sha256=${"x".repeat(64)}`, "a".repeat(500)])(
    "is refused with the signature %.80s",
    async (signature) => {
      expect(await tell({}, { signature })).toMatchObject({
        status: 401,
        body: { error: { status: "UNAUTHENTICATED" } },
      });
    },
  );

  it("is refused where it is no JSON by its type", async () => {
    expect((await tell({}, { type: "text/plain" })).status).toBe(401);
  });
});

describe("what a sender writes", () => {
  const secret = encodeURIComponent(WEBHOOK_SECRET);
  const post = (name: string, body: unknown, sent = secret) =>
    fetch(`${w.url}${GLOBAL}/${name}:webhook?key=k&secret=${sent}`, { method: "POST", body: JSON.stringify(body) });
  const hook = (build: object, substitutions: object, more: object = {}) =>
    w.call("POST", GLOBAL, { name: "hook", build, substitutions, webhookConfig: WEBHOOK, ...more });

  it("is a value and nothing else: no other value is read by it", async () => {
    const build = { steps: [{ name: "ubuntu", args: ["echo", "[$_X] [$_Y]"] }] };
    await hook(build, { _X: "$(body.x)", _Y: "<${_X}> in ${PROJECT_ID}" });
    await post("hook", { x: "$PROJECT_ID ${_Y} $$ $(body)" });
    expect(await w.logOf((await w.deliveries("hook"))[0]?.build ?? "")).toContain(
      "[$PROJECT_ID ${_Y} $$ $(body)] [<$PROJECT_ID ${_Y} $$ $(body)> in p1]",
    );
  });

  it("does not become a program", async () => {
    await hook({ steps: [{ name: "ubuntu", entrypoint: "bash", args: ["-c", "echo ran $_X"] }] }, { _X: "$(body.x)" });
    await post("hook", { x: "; touch PWNED" });
    await post("hook", { x: "v1.2.3" });
    const [fine, evil] = await w.deliveries("hook");
    expect(evil).toMatchObject({
      verdict: "refused",
      reason: "the value of _X would be shell text of step #0: give it to the step as a variable in env",
    });
    expect(await w.logOf(fine?.build ?? "")).toContain("ran v1.2.3");
  });

  it("names a manifest and nothing else, also in the trigger itself", async () => {
    const build = { steps: [{ name: "ubuntu", args: ["echo", "$_RELEASE_MANIFEST"] }] };
    const refused = await hook(build, { _RELEASE_MANIFEST: "a.yaml; touch PWNED #" });
    expect(refused).toMatchObject({ status: 400 });
    expect(refused.body.error.message).toContain("the value of _RELEASE_MANIFEST must be a name");
    await hook(build, { _RELEASE_MANIFEST: "$(body.m)" });
    await post("hook", { m: "../../etc/passwd" });
    expect((await w.deliveries("hook"))[0]).toMatchObject({ verdict: "refused" });
    const run = await w.call("POST", `${GLOBAL}/hook:run`, { source: { substitutions: { _RELEASE_MANIFEST: "-x" } } });
    expect(run.status).toBe(400);
    const fine = await w.call("POST", `${GLOBAL}/hook:run`, {
      source: { substitutions: { _RELEASE_MANIFEST: "a/b.yaml" } },
    });
    expect(await w.logOf(fine.body.metadata.build.id)).toContain("a/b.yaml");
  });

  it("has at most a mebibyte, and may be no text at all", async () => {
    await hook({ steps: [{ name: "ubuntu", args: ["true"] }] }, {});
    const large = await post("hook", "x".repeat(1_100_000));
    expect([large.status, await large.json()]).toMatchObject([400, { error: { status: "INVALID_ARGUMENT" } }]);
    const address = `${w.url}${GLOBAL}/hook:webhook?key=k&secret=${secret}`;
    for (const sent of [
      {},
      { body: new Uint8Array([0, 255, 1]) },
      { body: "a=b", headers: { "content-type": "x/y" } },
    ]) {
      expect((await fetch(address, { method: "POST", ...sent })).status).toBe(200);
    }
    expect((await w.deliveries("hook")).map(({ verdict }) => verdict)).toEqual(["accepted", "accepted", "accepted"]);
  });

  it("opens nothing where the secret is empty, nor with another project's", async () => {
    const build = { steps: [{ name: "ubuntu", args: ["true"] }] };
    await hook(build, {}, { webhookConfig: { secret: "projects/p1/secrets/empty/versions/1" } });
    expect((await post("hook", {}, "")).status).toBe(403);
    const foreign = await hook(
      build,
      {},
      { name: "two", webhookConfig: { secret: "projects/p2/secrets/s/versions/1" } },
    );
    expect(foreign.status).toBe(403);
  });
});

describe("a trigger", () => {
  const build = { steps: [{ name: "ubuntu", args: ["true"] }] };

  it("runs as its own account, whatever the file in the repository says", async () => {
    await w.here.make("app");
    const file = `${FILE}serviceAccount: projects/p1/serviceAccounts/root@p1.iam\n`;
    await w.here.commit("app", { "cloudbuild.yaml": file });
    await w.here.push("app");
    const mine = "projects/p1/serviceAccounts/ci@p1.iam";
    await on("none", { push: { branch: "." } });
    await on("own", { push: { branch: "." } }, { serviceAccount: mine });
    const run = (name: string) => w.call("POST", `${GLOBAL}/${name}:run`, { source: { branchName: "main" } });
    expect((await run("none")).body.metadata.build.serviceAccount).toBeUndefined();
    expect((await run("own")).body.metadata.build.serviceAccount).toBe(mine);
    const foreign = { ...build, serviceAccount: "projects/p2/serviceAccounts/deploy@p2.iam" };
    expect((await w.call("POST", GLOBAL, { name: "x", build: foreign })).status).toBe(403);
  });

  it("is changed in the fields of the mask, deep ones too, and never by two at once", async () => {
    await on("main", { push: { branch: "^main$" } });
    const change = (mask: string, body: unknown) => w.call("PATCH", `${GLOBAL}/main?updateMask=${mask}`, body);
    expect((await change("github.push.branch", { github: { push: { branch: "^next$" } } })).body).toMatchObject({
      github: { owner: "acme", name: "app", push: { branch: "^next$" } },
      filename: "cloudbuild.yaml",
    });
    const built = (await change("build", { build })).body;
    expect(built).toMatchObject({ build });
    expect(built).not.toHaveProperty("filename");
    expect((await change("colour", {})).body.error.message).toBe("invalid update mask: a trigger has no colour");
    expect((await change("github.push.branch", { github: { push: { branch: "(" } } })).body.error.message).toContain(
      "invalid regular expression",
    );
    await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        change(["description", "tags", "disabled", "approval_config"][n] ?? "", {
          description: "d",
          tags: ["t"],
          disabled: true,
          approvalConfig: { approvalRequired: true },
        }),
      ),
    );
    expect(await w.call("POST", `${GLOBAL}/main:run`, {})).toMatchObject({
      status: 400,
      body: { error: { status: "FAILED_PRECONDITION", message: "trigger main is disabled" } },
    });
    expect((await w.call("GET", `${GLOBAL}/main`)).body).toMatchObject({
      description: "d",
      tags: ["t"],
      disabled: true,
      approvalConfig: { approvalRequired: true },
    });
    await w.call("POST", GLOBAL, { name: "taken", build });
    expect((await change("name", { name: "taken" })).status).toBe(409);
  });

  it.each(["../other.git", "/etc", "file:///etc", "ext::sh -c id", "--upload-pack=id", "http://127.0.0.1/x"])(
    "reads nothing of %s",
    async (uri) => {
      await w.here.make("other");
      await w.call("POST", GLOBAL, { name: "t", build, sourceToBuild: { uri, ref: "refs/heads/main" } });
      expect((await w.call("POST", `${GLOBAL}/t:run`, {})).body.error.message).toBe(
        `Failed to trigger build: ${uri} is no address by https or ssh, nor a repository of mobius.yaml`,
      );
    },
  );

  it("has a region, in which alone it is listed", async () => {
    const regional = "/v1/projects/p1/locations/europe-west1/triggers";
    await w.call("POST", regional, { name: "here", build });
    await w.call("POST", GLOBAL, { name: "here", build });
    const { id, resourceName } = (await w.call("GET", `${regional}/here`)).body;
    expect(resourceName).toBe(`projects/p1/locations/europe-west1/triggers/${id}`);
    expect((await w.call("GET", `${GLOBAL}/${id}`)).status).toBe(404);
    const run = await w.call("POST", `${regional}/${id}:run`, {});
    await w.logOf(run.body.metadata.build.id);
    expect(
      (await w.call("GET", `${regional.replace("triggers", "builds")}/${run.body.metadata.build.id}`)).body,
    ).toMatchObject({
      buildTriggerId: id,
    });
  });
});
