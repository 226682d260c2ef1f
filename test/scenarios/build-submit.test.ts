import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation, type Running } from "./installation.ts";

const LONG = 120_000;
const CONFIG = `steps:
- { id: copy, name: bash, entrypoint: bash, args: ['-c', 'cat a.txt link > b.txt; echo copied'] }
- { id: check, name: bash, entrypoint: bash, args: ['-c', 'test "$$(head -1 b.txt)" = \${_WANT}'], waitFor: [copy] }
substitutions: { _WANT: hello }
options: { logging: CLOUD_LOGGING_ONLY }
`;

describe("mobius build, on a folder of any repository", () => {
  let here: Installation;
  let server: Running;
  let folder: string;

  beforeAll(async () => {
    here = await Installation.make();
    // Any umbrella will do for a server that only runs builds.
    await mkdir(here.umbrella);
    await writeFile(join(here.umbrella, "mobius.yaml"), "platform: tools\n");
    server = here.start(["serve", "--dir", here.umbrella, "--port", String(here.port)]);
    await server.waitFor(/Serving/);
    folder = join(here.root, "api");
    await mkdir(folder);
    await writeFile(join(folder, "a.txt"), "hello\n");
    await symlink("a.txt", join(folder, "link"));
    await writeFile(join(folder, "cloudbuild.yaml"), CONFIG);
  }, LONG);
  afterAll(async () => {
    server.kill("SIGINT");
    await server.ended;
    await here[Symbol.asyncDispose]();
  });

  const build = (...args: readonly string[]) => here.start(["build", ...args]).ended;
  const submit = (...args: readonly string[]) => build("submit", "--dir", folder, ...args);

  it("uploads the folder, shows the log as it comes, and exits as the build ends", { timeout: LONG }, async () => {
    const good = await submit();
    expect(good.err).toContain('Step #0 - "copy": copied\n');
    expect(good.err).toContain("\nDONE\n");
    expect([good.code, good.out]).toEqual([0, expect.stringMatching(/^\S+ SUCCESS\n$/)]);
    const bad = await submit("--substitutions", "_WANT=other");
    expect([bad.code, bad.out]).toEqual([
      1,
      expect.stringContaining('FAILURE: Build step failure: build step 1 "bash" failed'),
    ]);
  });

  it("leaves out what git ignores", { timeout: LONG }, async () => {
    const repository = join(here.root, "repository");
    await mkdir(repository);
    await here.git("../repository", "init", "--quiet");
    await writeFile(join(repository, ".gitignore"), "secret.txt\n");
    await writeFile(join(repository, "secret.txt"), "x");
    await writeFile(join(repository, "new.txt"), "x");
    await writeFile(
      join(repository, "cloudbuild.yaml"),
      "steps: [{ name: bash, entrypoint: bash, args: ['-c', 'ls -A | sort | tr \"\\n\" \" \"'] }]\n",
    );
    const { err } = await build("submit", "--dir", repository);
    expect(err).toContain("\n.gitignore cloudbuild.yaml new.txt ");
    expect(err).not.toContain("secret.txt");
  });

  it("lists builds, prints a log, and cancels", { timeout: LONG }, async () => {
    await writeFile(join(folder, "slow.yaml"), "steps: [{ name: bash, args: [sleep, '300'] }]\n");
    const slow = (await submit("--config", "slow.yaml", "--async")).out.trim();
    await expect.poll(async () => (await build("log", slow)).out, { timeout: 20_000 }).toContain("\nBUILD");
    expect((await build("cancel", slow)).code).toBe(0);
    await expect.poll(async () => (await build("list")).out, { timeout: 20_000 }).toContain(`${slow}  CANCELLED`);
  });

  it("refuses a configuration with its place, and one that the cloud refuses in the cloud's words", {
    timeout: LONG,
  }, async () => {
    await writeFile(join(folder, "bad.yaml"), "steps: [{ name: bash, arg: [x] }]\n");
    const unknown = await submit("--config", "bad.yaml");
    expect([unknown.code, unknown.err]).toEqual([3, expect.stringContaining("error[build-field-unknown]")]);
    await writeFile(join(folder, "bad.yaml"), "steps: [{ name: bash, args: [$_MISSING] }]\n");
    const refused = await submit("--config", "bad.yaml");
    expect(refused.code).toBe(3);
    expect(refused.err).toContain('why:   key in the template "_MISSING" is not matched in the substitution data');
  });
});
