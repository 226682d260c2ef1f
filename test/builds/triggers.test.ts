import { v1 } from "@google-cloud/cloudbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clientOptions } from "../../src/adapters/google/client-options.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { recordedRequests } from "./recorded-requests.ts";
import { createTriggerWorld, GLOBAL, type TriggerWorld, WEBHOOK, WEBHOOK_SECRET } from "./trigger-world.ts";

let w: TriggerWorld;
const call: TriggerWorld["call"] = (...asked) => w.call(...asked);
const logOf: TriggerWorld["logOf"] = (id) => w.logOf(id);

beforeEach(async () => {
  w = await createTriggerWorld();
});
afterEach(() => w[Symbol.asyncDispose]());

const SAY = { steps: [{ name: "ubuntu", args: ["echo", "says $_X in $TRIGGER_NAME"] }], substitutions: { _X: "file" } };

describe("triggers", () => {
  it("are made, shown, listed newest first, changed in part, and removed", async () => {
    const made = await call("POST", GLOBAL, { name: "one", build: SAY, tags: ["t"] });
    expect(made).toMatchObject({ status: 200, body: { name: "one", tags: ["t"] } });
    const { id, resourceName } = made.body;
    expect(resourceName).toBe(`projects/p1/locations/global/triggers/${id}`);
    await call("POST", GLOBAL, { name: "two", filename: "cloudbuild.yaml" });
    expect((await call("GET", `${GLOBAL}?pageSize=1`)).body).toMatchObject({
      triggers: [{ name: "two" }],
      nextPageToken: "1",
    });
    expect((await call("GET", `${GLOBAL}?pageSize=1&pageToken=1`)).body).toMatchObject({ triggers: [{ name: "one" }] });
    await call("PATCH", `${GLOBAL}/one?updateMask=disabled,substitutions`, {
      disabled: true,
      substitutions: { _X: "changed" },
      description: "not in the mask",
    });
    const shown = (await call("GET", `${GLOBAL}/${id}`)).body;
    expect(shown).toMatchObject({ disabled: true, substitutions: { _X: "changed" }, tags: ["t"] });
    expect(shown.description).toBeUndefined();
    await call("PATCH", `${GLOBAL}/${id}`, { name: "uno", build: SAY });
    expect((await call("GET", `${GLOBAL}/one`)).status).toBe(404);
    expect((await call("GET", `${GLOBAL}/uno`)).body.tags).toBeUndefined();
    expect(await call("DELETE", `${GLOBAL}/uno`)).toEqual({ status: 200, body: {} });
    expect((await call("GET", `${GLOBAL}/${id}`)).status).toBe(404);
  });

  it.each([
    [{ name: "-x", build: SAY }, 'invalid trigger name "-x": 1 to 64 letters, digits and -, no - at its ends'],
    [{ name: "x" }, "a trigger has one of autodetect, build, filename, gitFileSource, not none"],
    [
      { name: "x", build: SAY, github: {}, webhookConfig: {} },
      "a trigger has one kind of event, not github and webhookConfig",
    ],
    [
      { name: "x", build: SAY, webhookConfig: { secret: "s" } },
      "webhook_config.secret must be projects/*/secrets/*/versions/*",
    ],
    [{ name: "x", build: { steps: [] } }, "invalid build: invalid .steps field: no build steps are specified"],
    [{ name: "x", build: SAY, filter: "_X ==" }, "invalid filter: "],
    [
      { name: "x", build: SAY, substitutions: { X: "1" } },
      'substitution key "X" does not respect format ^_[A-Z0-9_]+$',
    ],
    [{ name: "x", build: SAY, colour: "red" }, "Invalid JSON payload received. .colour: unused"],
  ])("are refused where they cannot work: %j", async (body, message) => {
    const answer = await call("POST", GLOBAL, body);
    expect(answer).toMatchObject({ status: 400, body: { error: { status: "INVALID_ARGUMENT" } } });
    expect(answer.body.error.message).toContain(message);
  });

  it("have names of their own, and belong to their project", async () => {
    await call("POST", GLOBAL, { name: "one", build: SAY });
    expect(await call("POST", GLOBAL, { name: "one", build: SAY })).toMatchObject({
      status: 409,
      body: { error: { status: "ALREADY_EXISTS" } },
    });
    expect((await call("GET", "/v1/projects/p1/locations/europe-west1/triggers/one")).status).toBe(404);
    expect((await call("GET", GLOBAL, undefined, "nobody")).status).toBe(401);
    expect(await call("GET", GLOBAL, undefined, "ci-p2")).toMatchObject({ status: 403 });
    const account = "projects/p2/serviceAccounts/deploy@p2.iam";
    expect((await call("POST", GLOBAL, { name: "x", build: SAY, serviceAccount: account })).status).toBe(403);
  });

  it("run with values of the file, the trigger and the run, the later ones winning", async () => {
    await call("POST", GLOBAL, { name: "say", build: SAY, substitutions: { _X: "trigger" } });
    const first = (await call("POST", `${GLOBAL}/say:run`, { triggerId: "say", source: {} })).body.metadata.build;
    expect(await logOf(first.id)).toContain("says trigger in say");
    const second = await call("POST", "/v1/projects/p1/triggers/say:run", { substitutions: { _X: "run" } });
    expect(await logOf(second.body.metadata.build.id)).toContain("says run in say");
    expect((await call("GET", `/v1/projects/p1/builds/${first.id}`)).body.buildTriggerId).toBeTypeOf("string");
  });

  it("read their file at the revision, as strictly as Google, and pin the commit", async () => {
    await w.here.make("app");
    const file =
      'steps:\n- name: ubuntu\n  args: [echo, "$BRANCH_NAME $SHORT_SHA $REPO_NAME $TRIGGER_BUILD_CONFIG_PATH"]\n';
    const commit = await w.here.commit("app", {
      "ci/build.yaml": file,
      "bad.yaml": "steps:\n- name: ubuntu\n  args: echo\n",
    });
    await w.here.push("app");
    const uri = "../app.git";
    const sourceToBuild = { uri, ref: "refs/heads/main" };
    await call("POST", GLOBAL, { name: "app", sourceToBuild, gitFileSource: { path: "ci/build.yaml", uri } });
    const run = await call("POST", `${GLOBAL}/app:run`, { source: { branchName: "main" } });
    const { build } = run.body.metadata;
    expect(build).toMatchObject({
      source: { gitSource: { url: uri, revision: commit } },
      substitutions: { COMMIT_SHA: commit, BRANCH_NAME: "main", REF_NAME: "main" },
    });
    expect(build.steps[0]?.args[1]).toBe(`main ${commit.slice(0, 7)} app ci/build.yaml`);
    await call("POST", GLOBAL, { name: "bad", sourceToBuild, gitFileSource: { path: "bad.yaml", uri } });
    expect((await call("POST", `${GLOBAL}/bad:run`, { source: {} })).body.error.message).toBe(
      "Failed to trigger build: failed unmarshalling build config bad.yaml: json: cannot unmarshal string into Go value of type []json.RawMessage",
    );
  });

  it("may ask for an approval first", async () => {
    await call("POST", GLOBAL, { name: "careful", build: SAY, approvalConfig: { approvalRequired: true } });
    const { id } = (await call("POST", `${GLOBAL}/careful:run`, { source: {} })).body.metadata.build;
    expect((await call("GET", `/v1/projects/p1/builds/${id}`)).body).toMatchObject({ status: "PENDING" });
    await call("POST", `/v1/projects/p1/builds/${id}:approve`, { approvalResult: { decision: "APPROVED" } });
    expect(await logOf(id)).toContain("says file in careful");
  });
});

describe("a webhook", () => {
  const right = encodeURIComponent(WEBHOOK_SECRET);
  const post = (name: string, secret: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${w.url}${GLOBAL}/${name}:webhook?key=any&secret=${secret}`, { method: "POST", body, headers });
  const deliveries = (name: string) => w.deliveries(name);
  const webhookConfig = WEBHOOK;

  it("starts the build with what its payload says, for whoever knows the secret", async () => {
    const substitutions = { _X: "$(body.app.name)" };
    await call("POST", GLOBAL, { name: "hook", build: SAY, substitutions, webhookConfig });
    for (const wrong of ["", "wrong", `${right}x`]) {
      const answer = await post("hook", wrong, '{"app":{"name":"evil"}}');
      expect(answer.status).toBe(403);
    }
    expect(await deliveries("hook")).toEqual([]);
    const answer = await post("hook", right, '{"app":{"name":"api"}}', { "content-type": "text/plain" });
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    const [delivery] = await deliveries("hook");
    expect(delivery?.verdict).toBe("accepted");
    expect(await logOf(delivery?.build ?? "")).toContain("says api in hook");
  });

  it("makes one build of equal deliveries", async () => {
    await call("POST", GLOBAL, { name: "hook", build: SAY, webhookConfig });
    const sent = Array.from({ length: 10 }, () => post("hook", right, "{}", { "x-github-delivery": "d-1" }));
    for (const answer of await Promise.all(sent)) expect(answer.status).toBe(200);
    await post("hook", right, "{}", { "x-github-delivery": "d-2" });
    const builds = (await deliveries("hook")).map(({ build }) => build);
    expect(new Set(builds).size).toBe(2);
    expect((await call("GET", "/v1/projects/p1/builds")).body.builds).toHaveLength(2);
  });

  it("lets through what its filter lets through, and says of the rest why not", async () => {
    const filter = "_X.matches('^[a-z]+$')";
    const substitutions = { _X: "$(body.x)" };
    await call("POST", GLOBAL, { name: "hook", build: SAY, substitutions, webhookConfig, filter });
    for (const body of ['{"x":"fine"}', '{"x":"; rm -rf /"}', "{}", "no json"]) {
      expect((await post("hook", right, body)).status).toBe(200);
    }
    const kept = [...(await deliveries("hook"))].reverse();
    expect(kept.map(({ verdict }) => verdict)).toEqual(["accepted", "filtered", "refused", "refused"]);
    expect(kept[2]?.reason).toBe("the payload has no $(body.x) of _X");
    await call("PATCH", `${GLOBAL}/hook?updateMask=disabled`, { disabled: true });
    await post("hook", right, '{"x":"fine"}');
    expect((await deliveries("hook"))[0]).toMatchObject({ verdict: "disabled" });
  });

  it("is gone with its trigger", async () => {
    await call("POST", GLOBAL, { name: "hook", build: SAY, webhookConfig });
    await call("DELETE", `${GLOBAL}/hook`);
    expect((await post("hook", right, "{}")).status).toBe(404);
  });
});

describe("clients that nobody here wrote", () => {
  it.each(recordedRequests("recorded-trigger-requests.json"))(
    "$client: $method $path",
    async ({ method, path, query, body }) => {
      if (path.endsWith(":run")) await call("POST", path.replace(/\/t1:run$/, ""), { name: "t1", build: SAY });
      const answer = await call(method, path + query, body ?? undefined);
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    },
  );

  it("the official Node client makes, lists, runs, changes, calls and deletes one", async () => {
    const endpoint = { kind: "embedded", url: w.url, token: new Secret("ada"), project: "p1" } as const;
    const client = new v1.CloudBuildClient(
      (await clientOptions(endpoint)) as ConstructorParameters<typeof v1.CloudBuildClient>[0],
    );
    const [made] = await client.createBuildTrigger({ projectId: "p1", trigger: { name: "node", build: SAY } });
    expect(made.name).toBe("node");
    const [listed] = await client.listBuildTriggers({ projectId: "p1" });
    expect(listed.map(({ name }) => name)).toEqual(["node"]);
    const [operation] = await client.runBuildTrigger({
      projectId: "p1",
      triggerId: "node",
      source: { substitutions: { _X: "n" } },
    });
    const [build] = await operation.promise();
    expect(await logOf(build.id ?? "")).toContain("says n in node");
    const changed = { name: "node", build: SAY, webhookConfig: WEBHOOK, description: "changed" };
    const [updated] = await client.updateBuildTrigger({ projectId: "p1", triggerId: "node", trigger: changed });
    expect(updated).toMatchObject({ id: made.id, description: "changed" });
    await client.receiveTriggerWebhook({ projectId: "p1", trigger: "node", secret: WEBHOOK_SECRET });
    expect(await w.deliveries("node")).toMatchObject([{ verdict: "accepted" }]);
    await client.deleteBuildTrigger({ projectId: "p1", triggerId: "node" });
    await expect(client.getBuildTrigger({ projectId: "p1", triggerId: "node" })).rejects.toMatchObject({ code: 5 });
    await client.close();
  });
});
