import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Installation } from "./installation.ts";
import { SamplePlatform } from "./sample-platform.ts";

const LONG = 120_000;

describe("what a release refuses, and how it fails", () => {
  let platform: SamplePlatform;
  let here: Installation;

  beforeAll(async () => {
    platform = await SamplePlatform.open();
    here = platform.here;
  }, LONG);
  afterAll(() => platform[Symbol.asyncDispose]());

  it("refuses a commit that is not pushed", { timeout: LONG }, async () => {
    const commit = await here.commit("mobius-chat", "app/settings.js", (text) => `${text}\n// not pushed\n`);
    const file = await platform.draft("unpushed-staging", (text) =>
      text.replace(/^ {2}mobius-chat: \w+/m, `  mobius-chat: ${commit}`),
    );
    const { err } = await platform.refused(file);
    expect(err).toContain("error[commit-not-pushed]");
    expect(err).toContain(`${file}:`);
    await here.git("mobius-chat", "reset", "--quiet", "--hard", "HEAD~1");
  });

  it("refuses a placeholder that was left, with everything else that is wrong", { timeout: LONG }, async () => {
    const file = await platform.draft("placeholder-staging", (text) =>
      text
        .replace(/^ {2}mobius-chat: \w+/m, "  mobius-chat: <commit-sha-or-tag>")
        .replace("chat_live_stream: true", "chat_live_steam: true"),
    );
    const { err } = await platform.refused(file);
    expect(err).toContain("error[placeholder-left]");
    expect(err).toContain("chat_live_steam");
    expect(err).toContain('Did you mean "chat_live_stream"?');
  });

  it("refuses an identifier of production", { timeout: LONG }, async () => {
    const file = await platform.draft("foreign-staging", (text) =>
      text.replace("gcs_bucket: mobius-rag-uploads-staging", "gcs_bucket: mobius-rag-uploads-prod"),
    );
    expect((await platform.refused(file)).err).toContain("error[identifier-foreign]");
    const image = await platform.draft("foreign-image-staging", (text) =>
      text.replace(/mobius-os-backend: gcr\.io\/mobius-staging\//, "mobius-os-backend: gcr.io/mobiusos-new/"),
    );
    expect((await platform.refused(image)).err).toContain("error[identifier-foreign]");
  });

  it("refuses a service whose secret is missing", { timeout: LONG }, async () => {
    await here.push(".", "mobius.yaml", (text) =>
      text.replace("SECRET_KEY: app-secret-key:latest", "SECRET_KEY: app-sekret-key:latest"),
    );
    const { err } = await platform.refused(await platform.draft("secret-staging"));
    expect(err).toContain("error[secret-missing]");
    expect(err).toContain("app-sekret-key");
    await here.push(".", "mobius.yaml", (text) => text.replace("app-sekret-key", "app-secret-key"));
  });

  it("does not lose a variable that somebody else gave a service", { timeout: LONG }, async () => {
    const { manifest } = platform;
    await platform.byHand("mobius-dbt-ui", ({ template }) => {
      template.containers[0]?.env.push({ name: "SET_BY_HAND", value: "1" });
    });
    const planned = await here.run(["plan", manifest]);
    expect(planned.code).toBe(3);
    expect(planned.err).toContain("error[variable-undeclared]");
    expect(planned.err).toContain("SET_BY_HAND");
    const dropped = await here.run(["release", manifest, "--drop", "mobius-dbt-ui.SET_BY_HAND"]);
    expect(dropped.code).toBe(0);
  });

  it("leaves traffic alone when a candidate never gets ready", { timeout: LONG }, async () => {
    const taken = await here.push(".", "mobius.yaml", (text) => text.replace(/^ {6}CHAT_INTERNAL_LLM_URL: .*\n/m, ""));
    const { err } = await platform.failed(await platform.draft("ready-staging"));
    expect(err).toContain("error[candidate-not-ready]");
    expect(err).toContain("CHAT_INTERNAL_LLM_URL");
    await here.git(".", "revert", "--no-edit", taken);
    await here.git(".", "push", "--quiet", "origin", "HEAD:main");
  });

  it("leaves traffic and the ledger alone when a migration fails", { timeout: LONG }, async () => {
    const commit = await here.push("Mobius-user", "migrations/012_broken.sql", () => "CREATE TABLE broken (id int;\n");
    const file = await platform.draft("migration-staging", (text) =>
      text
        .replace(/^ {2}mobius-user: \w+/m, `  mobius-user: ${commit}`)
        .replace("    - 011_access_events.sql\n", "    - 011_access_events.sql\n    - 012_broken.sql\n"),
    );
    const { err } = await platform.failed(file);
    expect(err).toContain("error[migration-failed]");
    expect(err).toContain("012_broken.sql");
    // Nothing is left of it: what was there before can be planned and needs nothing.
    expect((await here.run(["plan", platform.manifest, "--detailed-exitcode"])).code).toBe(0);
  });

  it("leaves traffic alone when a module's own build fails", { timeout: LONG }, async () => {
    const commit = await here.push("mobius-dbt", "scripts/generate_models.js", () => "process.exit(3);\n");
    const file = await platform.draft("build-staging", (text) =>
      text.replace(/^ {2}mobius-dbt: \w+/m, `  mobius-dbt: ${commit}`),
    );
    const { err } = await platform.failed(file);
    expect(err).toContain("error[script-failed]: The script of mobius-dbt failed.");
    expect(err).toContain("It ended with 3.");
    expect(err).toContain('(step "Build & deploy mobius-dbt")');
  });
});
