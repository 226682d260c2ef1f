import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTriggerWorld, GLOBAL, type TriggerWorld } from "../builds/trigger-world.ts";
import { PLATFORM_TEXT } from "../server/server-world.ts";
import { runMobius } from "./run-mobius.ts";

const MANIFEST = "release-manifests/x-staging.yaml";
const FILES = {
  "mobius.yaml": PLATFORM_TEXT.replace("project: mobius-staging", "project: p1"),
  [MANIFEST]: `release_id: x-staging\ncommits:\n  app: "${"1".repeat(40)}"\n`,
  "say.yaml": 'steps:\n- name: ubuntu\n  args: [echo, "says $_X"]\n',
};

const OWN_SECRET = "/v1/projects/p1/secrets/trigger-t/versions/1";

let w: TriggerWorld;
beforeEach(async () => {
  w = await createTriggerWorld();
});
afterEach(() => w[Symbol.asyncDispose]());

async function mobius(...argv: readonly string[]) {
  const { code, out, err } = await runMobius(argv, { url: w.url, token: "ada", files: FILES });
  return { code, out, err };
}

async function json<T>(...argv: readonly string[]): Promise<T> {
  const { code, out, err } = await mobius(...argv, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out) as T;
}

const create = (kind: string, ...more: readonly string[]) =>
  ["trigger", "create", kind, "--name", "t", "--config", "say.yaml", ...more] as const;
const post = async (url: string, body: unknown) =>
  (await fetch(url, { method: "POST", body: JSON.stringify(body) })).status;

describe("mobius trigger", () => {
  it("makes a webhook with a secret of its own, shows what reached it, and leaves nothing of it behind", async () => {
    const made = await json<{ url: string; name: string; id: string }>(
      ...create("webhook", "--substitution", "_X=$(body.x)"),
    );
    expect(made).toMatchObject({ name: "t", id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const address = new URL(made.url);
    expect([address.pathname, address.searchParams.get("key")]).toEqual([`${GLOBAL}/t:webhook`, "mobius"]);
    expect(address.searchParams.get("secret")).toMatch(/^[0-9a-f]{48}$/);
    expect((await w.call("GET", `${GLOBAL}/t`)).body).toMatchObject({
      id: made.id,
      webhookConfig: { secret: "projects/p1/secrets/trigger-t/versions/1", state: "OK" },
    });
    expect(await post(made.url, { x: "it" })).toBe(200);
    expect(await post(made.url, {})).toBe(200);
    const [refused, accepted] = await json<readonly { verdict: string; build: string }[]>("trigger", "deliveries", "t");
    expect([refused?.verdict, accepted?.verdict]).toEqual(["refused", "accepted"]);
    expect(await w.logOf(accepted?.build ?? "")).toContain("says it");
    expect((await mobius("trigger", "deliveries", "t")).out).toMatch(
      /^\S+Z {2}refused {4}the payload has no \$\(body\.x\) of _X {2}\(.*\)\n\S+Z {2}accepted {3}[0-9a-f-]{36} {2}\(.*\)\n$/m,
    );
    expect((await mobius("trigger", "list")).out).toBe(`staging      t                        webhook  ${made.id}\n`);
    expect(await mobius("trigger", "delete", "t")).toMatchObject({ code: 0, out: "Trigger t is removed.\n" });
    expect(await post(made.url, {})).toBe(404);
    expect((await w.call("GET", OWN_SECRET)).body.state).toBe("DESTROYED");
  });

  it("takes a secret that is there, and keeps it", async () => {
    const { url } = await json<{ url: string }>(...create("webhook", "--secret", "hook"));
    expect(url).toContain("secret=the+right+%26+only+one");
    expect(await post(url, {})).toBe(200);
    await mobius("trigger", "delete", "t");
    expect((await w.call("GET", "/v1/projects/p1/secrets/hook/versions/1")).body.state).toBe("ENABLED");
  });

  it("releases the manifest where no other build is named, found from wherever the person is", async () => {
    const setting = { url: w.url, token: "ada", files: FILES, cwd: "/umbrella/release-manifests" };
    const argv = ["trigger", "create", "manual", "--name", "t", "--substitution", "_RELEASE_MANIFEST=x-staging.yaml"];
    expect((await runMobius(argv, setting)).code).toBe(0);
    expect((await w.call("GET", `${GLOBAL}/t`)).body).toMatchObject({
      substitutions: { _RELEASE_MANIFEST: MANIFEST },
      build: {
        steps: expect.arrayContaining([expect.objectContaining({ args: ["phase", "load", "${_RELEASE_MANIFEST}"] })]),
      },
    });
  });

  it("runs one with other values", async () => {
    await json(...create("manual", "--substitution", "_X=usual"));
    const { build } = await json<{ build: string }>("trigger", "run", "t", "--substitution", "_X=other");
    expect(await w.logOf(build)).toContain("says other");
  });

  it("builds pushes to one branch, and not that it went", async () => {
    const { url } = await json<{ url: string }>(...create("push", "--substitution", "_X=pushed"));
    const commit = "1".repeat(40);
    await post(url, { ref: "refs/heads/other", after: commit });
    await post(url, { ref: "refs/heads/main", after: "0".repeat(40) });
    await post(url, { ref: "refs/heads/main", after: commit, head_commit: { message: "x\n\nMobius-Release: REL-1" } });
    await post(url, { ref: "refs/heads/main", after: commit, head_commit: { message: "work" } });
    const kept = await json<readonly { verdict: string }[]>("trigger", "deliveries", "t");
    expect(kept.map(({ verdict }) => verdict)).toEqual(["accepted", "filtered", "filtered", "filtered"]);
  });

  it("says what is wrong before anything is made", async () => {
    const refused = await mobius(...create("webhook", "--env", "staging", "--substitution", "_RELEASE_MANIFEST=a; id"));
    expect([refused.code, refused.err.split("\n")[0]]).toEqual([
      3,
      'error[trigger-invalid]: Trigger "t" cannot be made as it was asked for.',
    ]);
    expect((await w.call("GET", "/v1/projects/p1/secrets/trigger-t")).status).toBe(404);
    await json(...create("manual"));
    const taken = await mobius(...create("webhook"));
    expect([taken.code, taken.err]).toEqual([3, expect.stringContaining('trigger with name "t" already exists')]);
    expect((await w.call("GET", OWN_SECRET)).body.state).toBe("DESTROYED");
    expect((await mobius("trigger", "run", "nobody")).err).toContain("error[trigger-unknown]");
    expect((await mobius(...create("cron"))).code).toBe(2);
  });
});
