import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSource } from "../../src/adapters/git/source.ts";
import { changelogText } from "../../src/core/records/changelog-text.ts";
import type { Release } from "../../src/core/release/state.ts";
import type { Digest } from "../../src/core/values/digest.ts";
import type { CommitId, ReleaseId } from "../../src/core/values/ids.ts";
import { RecordsDesk } from "../../src/engine/records/records-desk.ts";
import { runMobius } from "../cli/run-mobius.ts";
import { rolledBack, someRelease } from "../support/release-values.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";
import { MANIFEST, type ServerWorld, startServerWorld, TOKEN } from "./server-world.ts";

const environment = (name: string, policies = "") => `
  ${name}:
    project: mobius-${name}
    region: us-central1
    registry: gcr.io/mobius-${name}
    identities: { build: ${name}b, deploy: ${name}d, migrate: ${name}m, runtime: ${name}r }${policies}`;
const PLATFORM = `
platform: records
modules: { app: { repository: ../app.git, path: app } }
images: { app: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } } }
services: { api: { image: app } }
environments:${environment("staging")}${environment("production", "\n    policies: { promoteFrom: staging }")}
`;

describe("the records of real repositories", () => {
  let here: Repositories;
  let desk: RecordsDesk;
  let commits: readonly CommitId[];
  let side: CommitId;
  let releases: readonly Release[];

  /** A release of the module at a commit. */
  const released = (id: number, commit: CommitId, over: Partial<Release> = {}, to = "staging"): Release => {
    const base = someRelease(over);
    const { plan } = base;
    const [planned] = plan.actions.commits;
    if (planned === undefined) throw new Error("no commit is planned");
    const { from: _, ...first } = planned;
    const actions = { ...plan.actions, commits: [{ ...first, commit }] };
    const manifest = { ...plan.manifest, releaseId: `r${id}-${to}` };
    return { ...base, id: `REL-${id}` as ReleaseId, plan: { ...plan, environment: to, manifest, actions } };
  };

  beforeAll(async () => {
    here = await makeRepositories();
    await here.make("umbrella");
    await here.commit("umbrella", { "mobius.yaml": PLATFORM }, "Start");
    await here.git("umbrella", "push", "--quiet", "origin", "main");
    await here.make("app");
    const made: CommitId[] = [];
    for (const subject of ["First", "Second | part", "Third", "Fourth", "Fifth"]) {
      made.push(await here.commit("app", { "server.js": subject }, subject));
    }
    await here.git("app", "tag", "v4", made[3] ?? "");
    await here.push("app", "main", "v4");
    await here.git("app", "checkout", "--quiet", "-B", "side", made[1] ?? "");
    side = await here.commit("app", { "side.js": "1" }, "Side");
    await here.push("app", "side");
    commits = made;
    const [first, , third, fourth] = made as [CommitId, CommitId, CommitId, CommitId];
    releases = [
      released(1, first),
      released(2, first, {}, "production"),
      released(3, third),
      released(4, fourth),
      { ...released(5, side), ...pick(rolledBack()) },
    ];
    const source = createSource({ mirrorsDirectory: join(here.folder, "mirrors"), umbrellaDirectory: here.umbrella });
    desk = new RecordsDesk({ source, umbrella: here.umbrella, releases: () => releases });
  });
  afterAll(() => here[Symbol.asyncDispose]());

  it("finds a commit wherever a released one contains it, since the first that did", async () => {
    const answer = await desk.where(commits[1]?.slice(0, 10) ?? "", []);
    expect(answer).toMatchObject({
      ok: true,
      value: {
        kind: "commit",
        everywhere: false,
        places: [
          { environment: "staging", of: { module: "app", commit: commits[1] }, state: "there", release: "REL-3" },
          {
            environment: "production",
            state: "absent",
            reason: expect.stringMatching(
              /^REL-2 released app at \w{12}, which does not contain it; staging has it since /,
            ),
          },
        ],
      },
    });
    expect(await desk.where(commits[1] ?? "", ["staging"])).toMatchObject({ ok: true, value: { everywhere: true } });
  });

  it.each([
    ["a tag", () => "v4", "REL-4"],
    ["a module's branch head that is not released", () => "app@main", undefined],
    ["the first commit", () => commits[0] ?? "", "REL-1"],
    ["a release, by its commits", () => "r3-staging", "REL-3"],
    ["an image", () => `sha256:${imageOf(releases)}`, "REL-1"],
  ])("takes %s", async (_what, subject, release) => {
    const answer = await desk.where(subject(), ["staging"]);
    const expected = release === undefined ? { state: "absent" } : { state: "there", release };
    expect(answer).toMatchObject({ ok: true, value: { places: [expected] } });
  });

  it("says which release had a commit and gave it back", async () => {
    expect(await desk.where(side, ["staging"])).toMatchObject({
      ok: true,
      value: {
        places: [{ state: "absent", reason: "REL-5 had it and ended rolled-back", next: "mobius explain REL-5" }],
      },
    });
  });

  it.each(["0".repeat(40), "no-such-thing", "app@", "sha256:000000000000"])("does not know %s", async (subject) => {
    expect(await desk.where(subject, [])).toMatchObject({ ok: false, error: { code: "subject-unknown" } });
  });

  it("knows no other environment", async () => {
    expect(await desk.where("v4", ["qa"])).toMatchObject({ ok: false, error: { code: "environment-unknown" } });
    expect(await desk.records(0, "qa")).toMatchObject({ ok: false, error: { code: "environment-unknown" } });
  });

  it("lists commits between two sets, forth and back, as many as are asked for", async () => {
    const forth = await desk.changelog({ from: "production", to: "staging", limit: 2 });
    if (!forth.ok) throw new Error(forth.error.summary);
    expect(changelogText(forth.value, "terminal")).toBe(
      [
        "production (REL-2) → staging (REL-4)",
        "",
        `app ${commits[0]?.slice(0, 12)} → ${commits[3]?.slice(0, 12)}, 3 commits`,
        `  ${commits[3]?.slice(0, 12)} Fourth (Ada)`,
        `  ${commits[2]?.slice(0, 12)} Third (Ada)`,
        "  1 more",
      ].join("\n"),
    );
    const back = await desk.changelog({ from: "REL-4", to: "r3-staging", limit: 9 });
    if (!back.ok) throw new Error(back.error.summary);
    expect(changelogText(back.value, "markdown")).toContain(
      `- no longer: \`${commits[3]?.slice(0, 12)}\` Fourth (Ada)`,
    );
    const all = await desk.changelog({ from: "REL-1", to: "REL-4", limit: 9 });
    expect(all.ok && changelogText(all.value, "markdown")).toContain("Second \\| part (Ada)");
    const none = await desk.changelog({ from: "REL-4", to: "staging", limit: 9 });
    expect(none.ok && changelogText(none.value, "terminal")).toMatch(/\n\nNothing differs\.$/);
  });

  it("compares released sets only", async () => {
    expect(await desk.changelog({ from: "REL-5", to: "staging", limit: 1 })).toMatchObject({
      ok: false,
      error: { code: "changelog-side-not-released" },
    });
    expect(await desk.changelog({ from: "staging", to: "REL-99", limit: 1 })).toMatchObject({
      ok: false,
      error: { code: "changelog-side-unknown" },
    });
  });
});

describe("the commands about records", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    server = await startServerWorld();
    const body = { manifest: MANIFEST, requestId: "request-1" };
    expect((await server.asPerson("POST", "/api/v1/releases", body)).status).toBe(201);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const run = (argv: readonly string[], files: Readonly<Record<string, string>> = {}) =>
    runMobius(argv, { url: server.base, token: TOKEN, files });

  it("answer over HTTP, with an exit code for scripts", async () => {
    await expect.poll(() => server.engine.list()[0]?.stage.name).toBe("building");
    await server.asPerson("POST", "/api/v1/releases/REL-1:cancel", { reason: "enough | seen" });
    await expect.poll(() => server.engine.list()[0]?.stage.name, { timeout: 10_000 }).toBe("ended");
    const found = await run(["where", "REL-1", "--json"]);
    expect(found.code).toBe(1);
    expect(JSON.parse(found.out)).toMatchObject({ apiVersion: "mobius/v1", kind: "release", everywhere: false });
    expect((await run(["where", "REL-1"])).out).toMatch(
      /^release REL-1 \(app 1{12}\)\n {2}staging +not there: REL-1 had it and ended cancelled\n[\s\S]*you can: mobius explain REL-1$/m,
    );
    const unknown = await run(["where", "nothing", "--env", "staging"]);
    expect(unknown.code).toBe(3);
    expect(unknown.err).toContain("error[subject-unknown]");
    expect((await run(["changelog", "staging", "staging", "--limit", "x"])).err).toContain("limit: ");
    expect((await run(["changelog", "staging", "staging"])).out).toContain("Nothing differs.");
  });

  it("make the records again, and tell a folder that differs", async () => {
    const missing = await run(["records", "export", "--check", "--json"]);
    expect(missing.code).toBe(1);
    const { changed } = JSON.parse(missing.out) as { changed: readonly string[] };
    expect(changed).toEqual([expect.stringMatching(/^docs\/release_logs\/\d{4}-\d{2}-staging\.md$/)]);
    const written = await run(["records", "export"]);
    expect(written.code).toBe(0);
    const text = written.files.get(changed[0] ?? "") ?? "";
    expect(text).toContain("## REL-1 x-staging");
    expect(text).toContain("- Outcome: cancelled: enough \\| seen");
    const same = { [changed[0] ?? ""]: `By hand.\n\n${text}` };
    expect((await run(["records", "export", "--check"], same)).code).toBe(0);
    const edited = { [changed[0] ?? ""]: text.replace("- Outcome: ", "- Outcome: not ") };
    expect((await run(["records", "export", "--check"], edited)).code).toBe(1);
    expect((await run(["records", "export"], edited)).files.get(changed[0] ?? "")).toBe(text);
  });
});

function pick({ stage, shifts, restored }: Release) {
  return { stage, shifts, restored };
}

function imageOf(releases: readonly Release[]): string {
  const [image] = Object.values(releases[0]?.images ?? {}) as Digest[];
  return image?.slice("sha256:".length, "sha256:".length + 12) ?? "";
}
