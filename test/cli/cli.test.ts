import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isEnded } from "../../src/core/release/state.ts";
import type { Source } from "../../src/ports/source.ts";
import { MANIFEST, PLATFORM_TEXT, type ServerWorld, startServerWorld, TOKEN } from "../server/server-world.ts";
import { COMMIT, runMobius, type Setting } from "./run-mobius.ts";

const GOOD = `release_id: x-staging\ncommits:\n  app: "${"1".repeat(40)}"\n`;
const BAD = "release_id: x-staging\ncommits:\n  ap: main\nflags: 1\n";

describe("the command line", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    server = await startServerWorld();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  type Options = Partial<Setting>;

  /** Runs a command against the server, with the usual files and those given. */
  const mobius = (argv: readonly string[], options: Options = {}) =>
    runMobius(argv, {
      url: server.base,
      token: TOKEN,
      source: server.world.ports().source as Source,
      ...options,
      files: { "mobius.yaml": PLATFORM_TEXT, [MANIFEST]: GOOD, ...options.files },
    });

  const COMMANDS = [
    ["init"],
    ["import"],
    ["doctor"],
    ["doctor", "scripts"],
    ["validate"],
    ["manifest", "new"],
    ["manifest", "pin"],
    ["manifest", "diff"],
    ["build", "lint"],
    ["build", "submit"],
    ["build", "list"],
    ["build", "log"],
    ["build", "cancel"],
    ["plan"],
    ["prune"],
    ["render"],
    ["release"],
    ["status"],
    ["watch"],
    ["logs"],
    ["explain"],
    ["cancel"],
    ["approve"],
    ["reject"],
    ["promote"],
    ["rollback"],
    ["hold"],
    ["resume"],
    ["freeze"],
    ["drift"],
    ["metrics"],
    ["token", "create"],
    ["token", "list"],
    ["token", "revoke"],
    ["secret", "set"],
    ["trigger", "create"],
    ["trigger", "list"],
    ["trigger", "run"],
    ["trigger", "deliveries"],
    ["trigger", "delete"],
    ["identity", "list"],
    ["identity", "test"],
    ["identity", "grant"],
    ["identity", "revoke"],
    ["audit", "list"],
    ["audit", "verify"],
    ["audit", "export"],
    ["env"],
    ["demo"],
    ["serve"],
  ];

  it.each(COMMANDS)("%s %s has help with examples that name it", async (...words) => {
    const path = words.filter((word) => word !== undefined);
    const { code, out } = await mobius([...path, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples:\\n(.*\\n)*.*mobius ${path.join(" ")}`));
  });

  it("lists every command in its help", async () => {
    const { out } = await mobius(["--help"]);
    for (const [word = ""] of COMMANDS) expect(out).toContain(`\n  ${word} `);
  });

  it("plans with the digest, exits 7 on differences when asked, and prints one JSON document", async () => {
    const planned = await mobius(["plan", MANIFEST]);
    expect(planned.code).toBe(0);
    expect(planned.out).toMatch(
      /^Plan for staging \(mobius-staging, us-central1\) from release-manifests\/x-staging\.yaml\ndigest sha256:[0-9a-f]{64}\n/,
    );
    expect(planned.out).toContain(
      "1 image to build, 0 migrations to apply, 1 service to create, 0 to update, 0 unchanged",
    );
    expect((await mobius(["plan", MANIFEST, "--detailed-exitcode"])).code).toBe(7);
    const json = JSON.parse((await mobius(["plan", MANIFEST, "--json"])).out) as { digest: string };
    expect(planned.out).toContain(json.digest);
  });

  it("refuses a manifest with everything that is wrong with it, and exits 3", async () => {
    const { code, err, out, files } = await mobius(["validate", MANIFEST], { files: { [MANIFEST]: BAD } });
    expect(code).toBe(3);
    expect(out + err).toContain(`error[name-unknown]: mobius.yaml has no module "ap".
  where: ${MANIFEST}:3:3   commits.ap`);
    expect(out + err).toContain('error[key-unknown]: There is no key "flags" here.');
    expect(files.get(MANIFEST)).toBe(BAD);
  });

  it("gives problems to machines in their formats", async () => {
    const bad = { files: { [MANIFEST]: BAD } };
    const json = JSON.parse((await mobius(["validate", MANIFEST, "--format", "json"], bad)).out) as {
      problems: { code: string }[];
    };
    expect(json.problems.map(({ code }) => code)).toContain("name-unknown");
    expect((await mobius(["validate", MANIFEST, "--format", "github"], bad)).out).toMatch(
      /^::error file=release-manifests\/x-staging\.yaml,line=3,col=3/m,
    );
    const sarif = JSON.parse((await mobius(["validate", MANIFEST, "--format", "sarif"], bad)).out) as {
      version: string;
    };
    expect(sarif.version).toBe("2.1.0");
  });

  it.each([
    [{ kind: "not-committed" }, "manifest-not-committed"],
    [{ kind: "no-repository" }, "manifest-not-committed"],
    [{ kind: "not-pushed", commit: COMMIT }, "manifest-not-pushed"],
  ] as const)("does not release a manifest that is %o", async (at, code) => {
    const ended = await mobius(["release", MANIFEST], { at });
    expect([ended.code, ended.err.split("\n")[0]]).toEqual([3, expect.stringContaining(`error[${code}]`)]);
  });

  it("exits 5 when the plan that was looked at is not the plan any more", async () => {
    const { code, err } = await mobius(["release", MANIFEST, "--plan", "0123456789ab"]);
    expect([code, err.split("\n")[0]]).toEqual([5, expect.stringContaining("error[plan-moved]")]);
  });

  it("says how to start a server where none answers, and exits 9", async () => {
    const { code, err } = await mobius(["status"], { url: "http://127.0.0.1:9" });
    expect(code).toBe(9);
    expect(err).toContain("error[server-unreachable]: No server answers at http://127.0.0.1:9.");
    expect(err).toContain("fix:   Start one: mobius serve, or name another one with --server.");
  });

  it("exits 4 with a wrong token", async () => {
    const { code, err } = await mobius(["status"], { token: "wrong" });
    expect([code, err.split("\n")[0]]).toEqual([4, "error[not-authenticated]: The request carries no valid token."]);
  });

  it("exits 2 on words that it does not know, with the nearest one", async () => {
    const { code, err } = await mobius(["relese"]);
    expect(code).toBe(2);
    expect(err).toContain("Did you mean release?");
    expect((await mobius(["plan", MANIFEST, "--detailed"])).code).toBe(2);
    expect((await mobius(["plan"])).code).toBe(2);
  });

  it("explains an error by its code", async () => {
    expect((await mobius(["help", "errors", "check-failed"])).out).toContain("A check did not pass.");
    expect((await mobius(["help", "errors", "nope"])).code).toBe(2);
  });

  it("takes paths as they are typed, from a folder of the umbrella or from its top", async () => {
    const cwd = "/umbrella/release-manifests";
    for (const path of ["x-staging.yaml", "./x-staging.yaml", MANIFEST, `/umbrella/${MANIFEST}`, `../${MANIFEST}`]) {
      expect((await mobius(["plan", path], { cwd })).out).toContain(` from ${MANIFEST}\n`);
    }
    expect((await mobius(["plan", "../../x.yaml"], { cwd })).err).toContain("error[path-outside]");
    expect((await mobius(["validate"], { cwd })).code).toBe(0);
  });

  it("refuses files that are not beneath the umbrella", async () => {
    for (const path of ["../secret.yaml", "/etc/passwd"]) {
      const { code, err } = await mobius(["plan", path]);
      expect([code, err.split("\n")[0]]).toEqual([3, `error[path-outside]: "${path}" is not beneath the umbrella.`]);
    }
    expect((await mobius(["plan", "nope.yaml"])).err).toContain('error[file-not-found]: There is no file "nope.yaml".');
  });

  it("points gcloud at one environment, with the token in a file", async () => {
    const { code, out, files } = await mobius(["env", "staging"]);
    expect(code).toBe(0);
    expect(out).toContain("export CLOUDSDK_CORE_PROJECT='p'\n");
    expect(out).toContain("export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE='/kept/staging/token'\n");
    for (const api of ["CLOUDBUILD", "ARTIFACTREGISTRY", "CLOUDRESOURCEMANAGER"]) {
      expect(out).toContain(`export CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}='${server.base}/'\n`);
    }
    expect(files.get("kept/staging/token")).toBe("t");
    expect((await mobius(["env", "qa"])).err).toContain('error[resource-unknown]: There is no environment "qa".');
  });

  it("takes a secret's value from standard input only", async () => {
    const none = await mobius(["secret", "set", "jwt-secret", "--env", "staging"]);
    expect([none.code, none.err.split("\n")[0]]).toEqual([
      3,
      'error[secret-empty]: Secret "jwt-secret" was given no value.',
    ]);
    const elsewhere = await mobius(["secret", "set", "jwt-secret", "--env", "qa"], { input: "x" });
    expect([elsewhere.code, elsewhere.err.split("\n")[0]]).toEqual([
      3,
      'error[environment-unknown]: There is no environment "qa".',
    ]);
    const large = await mobius(["secret", "set", "jwt-secret", "--env", "staging"], { input: "x".repeat(70_000) });
    expect(large.err).toContain("error[secret-too-large]");
  });

  it("makes, pins and compares manifests in place", async () => {
    const made = await mobius(["manifest", "new", "staging", "--ref", `app=${"1".repeat(40)}`, "--name", "y-staging"]);
    expect(made.code, made.err).toBe(0);
    expect(made.files.get("release-manifests/y-staging.yaml")).toContain(`  app: "${"1".repeat(40)}"\n`);
    const flagged = { files: { [MANIFEST]: `${GOOD}notes: [last]\n` } };
    const renewed = await mobius(["manifest", "new", "staging", "--from", MANIFEST, "--name", "z-staging"], flagged);
    expect(renewed.files.get("release-manifests/z-staging.yaml")).toMatch(/^release_id: z-staging\n[\s\S]*notes: \[\]/);
    const unknown = await mobius(["manifest", "new", "staging", "--ref", "ap=main"]);
    expect([unknown.code, unknown.err.split("\n")[0]]).toEqual([3, expect.stringContaining("error[name-unknown]")]);
    const again = await mobius(["manifest", "new", "staging", "--name", "x-staging", "--ref", "app=main"]);
    expect(again.err).toContain("error[file-exists]");
    const diff = await mobius(["manifest", "diff", MANIFEST, "release-manifests/y-staging.yaml"], {
      files: { "release-manifests/y-staging.yaml": GOOD.replace("1".repeat(40), "v2") },
    });
    expect(diff.out).toBe(`~ commits.app: ${"1".repeat(40)} → v2\n`);
  });

  it("follows a release to its end, and cancels it with a reason", async () => {
    const next = mobius(["watch"]);
    const following = mobius(["release", MANIFEST]);
    await expect.poll(() => server.engine.list().length, { timeout: 10_000 }).toBe(1);
    const cancelled = await mobius(["cancel", "--reason", "wrong manifest"]);
    expect(cancelled.out).toContain("REL-1 is being cancelled.");
    const { code, out, err } = await following;
    expect((await next).out).toMatch(/^REL-1 cancelled after /);
    expect(code).toBe(1);
    expect(out).toMatch(/^REL-1 cancelled after /);
    expect(err).toContain("▸ cancel requested: wrong manifest");
    expect(err).toContain("✗ cancelled: wrong manifest");
    expect(server.engine.list().every(isEnded)).toBe(true);
  });

  it("shows releases to people and to machines", async () => {
    expect((await mobius(["status"])).out).toMatch(/^REL-1 +cancelled +staging +release-manifests\/x-staging\.yaml/);
    expect(JSON.parse((await mobius(["status", "--json"])).out)).toMatchObject([{ id: "REL-1", state: "cancelled" }]);
    expect((await mobius(["explain", "REL-1"])).out).toMatch(
      /^REL-1 is cancelled since .*\n {2}why: {7}.*wrong manifest\n/,
    );
    expect((await mobius(["logs", "REL-1"])).out).toContain("▸ cancel requested: wrong manifest");
    for (const command of ["explain", "logs"]) {
      expect((await mobius([command])).out).toBe((await mobius([command, "REL-1"])).out);
    }
    const unclear = await mobius(["cancel"]);
    expect([unclear.code, unclear.err]).toEqual([3, expect.stringContaining("None is left that has not ended.")]);
    const unknown = await mobius(["status", "REL-9"]);
    expect([unknown.code, unknown.err.split("\n")[0]]).toEqual([
      3,
      'error[release-unknown]: There is no release "REL-9".',
    ]);
  });
});
