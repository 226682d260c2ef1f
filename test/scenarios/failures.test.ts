import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, Installation, type Running } from "./installation.ts";

const LONG = 120_000;

interface Serving {
  readonly services: readonly { readonly service: string; readonly revision?: string; readonly url: string }[];
}

describe("what a release refuses, and how it fails", () => {
  let here: Installation;
  let demo: Running;
  let manifest: string;
  /** Its text before the release pinned it. */
  let asWritten: string;

  beforeAll(async () => {
    here = await Installation.make();
    demo = here.demo();
    await demo.waitFor(/Stop with Ctrl-C/);
    manifest = await here.manifest();
    const added = await here.git(".", "log", "--diff-filter=A", "--format=%H", "--", manifest);
    asWritten = `${await here.git(".", "show", `${added}:${manifest}`)}\n`;
    await here.git(".", "pull", "--quiet", "origin", "main");
  }, LONG);
  afterAll(async () => {
    demo.kill("SIGINT");
    await demo.ended;
    await here[Symbol.asyncDispose]();
  });

  const serving = async () => ((await (await here.ask("/api/v1/environments/staging")).json()) as Serving).services;

  /** A manifest like the released one, changed, in a file of its own. */
  const draft = async (name: string, change: (text: string) => string): Promise<string> => {
    const file = `release-manifests/${name}.yaml`;
    const changed = change(asWritten.replace(/^release_id: .*$/m, `release_id: ${name}`));
    await here.push(".", file, () => changed);
    return file;
  };

  const refused = async (file: string): Promise<Ended> => {
    const before = await here.json<readonly unknown[]>(["status"]);
    const ended = await here.run(["release", file]);
    expect(await here.json<readonly unknown[]>(["status"])).toEqual(before);
    expect(ended.code, ended.err).toBe(3);
    return ended;
  };

  /** The release that the server wrote of last, once the folder has followed it. */
  const lastRecord = () => here.git(".", "log", "-1", "--format=%(trailers:key=Mobius-Release,valueonly)");

  /** Releases a manifest that cannot succeed; what serves is the same before and after. */
  const failed = async (file: string): Promise<Ended> => {
    const before = await serving();
    const ended = await here.run(["release", file]);
    expect(ended.code, ended.err).toBe(1);
    expect(ended.err).toContain("✗ failed: traffic is as it was");
    expect(await serving()).toEqual(before);
    const [newest] = await here.json<readonly { readonly id: string }[]>(["status"]);
    await expect.poll(lastRecord, { timeout: 30_000, interval: 100 }).toBe(newest?.id);
    return ended;
  };

  it("refuses a commit that is not pushed", { timeout: LONG }, async () => {
    const commit = await here.commit("mobius-chat", "app/settings.js", (text) => `${text}\n// not pushed\n`);
    const file = await draft("unpushed-staging", (text) =>
      text.replace(/^ {2}mobius-chat: \w+/m, `  mobius-chat: ${commit}`),
    );
    const { err } = await refused(file);
    expect(err).toContain("error[commit-not-pushed]");
    expect(err).toContain(`${file}:`);
    await here.git("mobius-chat", "reset", "--quiet", "--hard", "HEAD~1");
  });

  it("refuses a placeholder that was left, with everything else that is wrong", { timeout: LONG }, async () => {
    const file = await draft("placeholder-staging", (text) =>
      text
        .replace(/^ {2}mobius-chat: \w+/m, "  mobius-chat: <commit-sha-or-tag>")
        .replace("chat_live_stream: true", "chat_live_steam: true"),
    );
    const { err } = await refused(file);
    expect(err).toContain("error[placeholder-left]");
    expect(err).toContain("chat_live_steam");
    expect(err).toContain('Did you mean "chat_live_stream"?');
  });

  it("refuses an identifier of production", { timeout: LONG }, async () => {
    const file = await draft("foreign-staging", (text) =>
      text.replace("gcs_bucket: mobius-rag-uploads-staging", "gcs_bucket: mobius-rag-uploads-prod"),
    );
    expect((await refused(file)).err).toContain("error[identifier-foreign]");
    const image = await draft("foreign-image-staging", (text) =>
      text.replace(/mobius-os-backend: gcr\.io\/mobius-staging\//, "mobius-os-backend: gcr.io/mobiusos-new/"),
    );
    expect((await refused(image)).err).toContain("error[identifier-foreign]");
  });

  it("refuses a service whose secret is missing", { timeout: LONG }, async () => {
    await here.push(".", "mobius.yaml", (text) =>
      text.replace("SECRET_KEY: app-secret-key:latest", "SECRET_KEY: app-sekret-key:latest"),
    );
    const { err } = await refused(await draft("secret-staging", (text) => text));
    expect(err).toContain("error[secret-missing]");
    expect(err).toContain("app-sekret-key");
    await here.push(".", "mobius.yaml", (text) => text.replace("app-sekret-key", "app-secret-key"));
  });

  it("does not lose a variable that somebody else gave a service", { timeout: LONG }, async () => {
    const path = "projects/mobius-staging/locations/us-central1/services/mobius-dbt-ui";
    const service = (await (await here.ask(`/v2/${path}`)).json()) as {
      template: { revision?: string; containers: { env: { name: string; value?: string }[] }[] };
      traffic: unknown;
    };
    service.template.containers[0]?.env.push({ name: "SET_BY_HAND", value: "1" });
    delete service.template.revision;
    service.traffic = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }];
    const changed = await here.ask(`/v2/${path}`, { method: "PATCH", body: JSON.stringify(service) });
    expect(changed.status).toBe(200);
    await expect
      .poll(async () => (await here.run(["plan", manifest])).err, { timeout: 20_000 })
      .toContain("SET_BY_HAND");
    const planned = await here.run(["plan", manifest]);
    expect(planned.code).toBe(3);
    expect(planned.err).toContain("error[variable-undeclared]");
    const dropped = await here.run(["release", manifest, "--drop", "mobius-dbt-ui.SET_BY_HAND"]);
    expect(dropped.code).toBe(0);
  });

  it("leaves traffic alone when a candidate never gets ready", { timeout: LONG }, async () => {
    const taken = await here.push(".", "mobius.yaml", (text) => text.replace(/^ {6}CHAT_INTERNAL_LLM_URL: .*\n/m, ""));
    const { err } = await failed(await draft("ready-staging", (text) => text));
    expect(err).toContain("error[candidate-not-ready]");
    expect(err).toContain("CHAT_INTERNAL_LLM_URL");
    await here.git(".", "revert", "--no-edit", taken);
    await here.git(".", "push", "--quiet", "origin", "HEAD:main");
  });

  it("leaves traffic and the ledger alone when a migration fails", { timeout: LONG }, async () => {
    const commit = await here.push("Mobius-user", "migrations/012_broken.sql", () => "CREATE TABLE broken (id int;\n");
    const file = await draft("migration-staging", (text) =>
      text
        .replace(/^ {2}mobius-user: \w+/m, `  mobius-user: ${commit}`)
        .replace("    - 011_access_events.sql\n", "    - 011_access_events.sql\n    - 012_broken.sql\n"),
    );
    const { err } = await failed(file);
    expect(err).toContain("error[migration-failed]");
    expect(err).toContain("012_broken.sql");
    // Nothing is left of it: what was there before can be planned and needs nothing.
    expect((await here.run(["plan", manifest, "--detailed-exitcode"])).code).toBe(0);
  });

  it("leaves traffic alone when a module's own build fails", { timeout: LONG }, async () => {
    const commit = await here.push("mobius-dbt", "scripts/generate_models.js", () => "process.exit(3);\n");
    const file = await draft("build-staging", (text) =>
      text.replace(/^ {2}mobius-dbt: \w+/m, `  mobius-dbt: ${commit}`),
    );
    const { err } = await failed(file);
    expect(err).toContain("error[build-failed]");
    expect(err).toContain("Build & deploy mobius-dbt");
  });
});
