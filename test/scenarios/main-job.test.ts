import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePlatform } from "../../src/core/platform/parse-platform.ts";
import { Installation, type Running } from "./installation.ts";

interface Summary {
  readonly id: string;
  readonly state: string;
  readonly environment: string;
  readonly manifest: string;
}

interface ServedService {
  readonly name: string;
  readonly template: { readonly containers: readonly { readonly env?: readonly { readonly name: string }[] }[] };
}

const LONG = 180_000;

describe("the main job, as a person does it", () => {
  let here: Installation;
  let demo: Running;

  beforeAll(async () => {
    here = await Installation.make();
  });
  afterAll(async () => {
    demo?.kill("SIGINT");
    await demo?.ended;
    await here[Symbol.asyncDispose]();
  });

  it("releases the sample to staging, and leaves no process behind with --once", { timeout: LONG }, async () => {
    const first = await here.demo(["--once"]).ended;
    expect(first.err).toContain("✓ released");
    expect(first.out).toMatch(/^REL-1 succeeded after /m);
    expect(first.code).toBe(0);
    expect(await here.leftBehind()).toEqual([]);
  });

  it("writes back what was released, as one commit on the umbrella's branch", async () => {
    const subject = await here.git(
      ".",
      "log",
      "-1",
      "--format=%s%n%(trailers:key=Mobius-Release,valueonly)",
      "origin/main",
    );
    expect(subject).toMatch(/^Record REL-1: \d{4}-\d{2}-\d{2}-staging released to staging\nREL-1$/);
    const manifest = await here.git(".", "show", `origin/main:${await here.manifest()}`);
    // The tag became the commit that it names, beside the comment that stood there; images have digests.
    expect(manifest).toMatch(/^ {2}mobius-rag: [0-9a-f]{40} # a tag: the release records the commit that it names$/m);
    expect(manifest).toMatch(
      /^ {2}mobius-os-backend: gcr\.io\/mobius-staging\/mobius-os-backend:\S+@sha256:[0-9a-f]{64}$/m,
    );
    const month = new Date().toISOString().slice(0, 7);
    const log = await here.git(".", "show", `origin/main:docs/release_logs/${month}-staging.md`);
    expect(log).toContain('<a id="rel-1"></a>\n\n## REL-1 ');
    expect(log).toContain(`- Manifest: \`${await here.manifest()}\``);
    expect(log).toMatch(/- Outcome: succeeded\n/);
    expect(log).toMatch(/- Plan: `sha256:[0-9a-f]{64}`\n- Trigger: `manual:\w+`\n- Requested by: `person:\w+`\n/);
    expect(log).toMatch(/- Build log: \[`(http:\/\/127\.0\.0\.1:\d+\/builds\/[0-9a-f-]{36})`\]\(\1\)\n/);
    expect(log).toMatch(/\| migrate \| succeeded \| 1 \| [\d.]+ m?s \|/);
    expect(log).toMatch(/\| `mobius-chat` \| `[0-9a-f]{40}` \| first release \|/);
    expect(log).toMatch(/- Verification: (\d+) of \1 checks passed/);
    expect(log).toMatch(
      /\| `mobius-rag` \| create[^|]*\| `mobius-rag-rel1-1` \| `sha256:[0-9a-f]{64}` \| \[`(http:\/\/127\.0\.0\.1:\d+)`\]\(\1\) \|/,
    );
    const checklist = await here.git(".", "show", "origin/main:docs/production_build_checklist.md");
    expect(checklist).toContain("**Prerequisite: the staging pipeline** (`cloudbuild.staging.yaml`)");
    expect(checklist).toMatch(/^\| 1 \| Staging release of this manifest succeeded .*\| ☑ \| .*\[REL-1\]\(.*#rel-1\)/m);
    expect(checklist).toContain("| 7 | Module hub shows every service up, with links to production only | ☐ | |");
  });

  it("says that there is nothing to do when run again, and serves until Ctrl-C", { timeout: LONG }, async () => {
    demo = here.demo();
    await demo.waitFor(/Stop with Ctrl-C/);
    expect(demo.text()).toContain("Nothing to do: staging has what release-manifests/");
    expect(demo.text()).toMatch(/ {2}mobius-rag {2,}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(demo.text()).toMatch(/Board \(opens once\): http:\/\/127\.0\.0\.1:\d+\/\?login=\w+/);
    expect(await here.json<readonly Summary[]>(["status"])).toMatchObject([
      { id: "REL-1", environment: "staging", state: "succeeded", manifest: await here.manifest() },
    ]);
  });

  it("serves what it released: every address answers through the others", async () => {
    const hub = await addressOf(demo, "module-hub");
    const status = (await (await fetch(`${hub}/api/status`)).json()) as {
      services: Record<string, { status: string }>;
    };
    const states = Object.entries(status.services).map(([name, { status }]) => `${name} ${status}`);
    expect(states.length).toBe(5); // the workers are listed beside them: they have no traffic to ask with
    expect(states.every((state) => state.endsWith(" up"))).toBe(true);
  });

  it("is well by its own doctor: every identity is refused elsewhere, and its script keeps to its environment", {
    timeout: LONG,
  }, async () => {
    const { checks } = await here.json<{ checks: { check: string; verdict: string }[] }>(["doctor"]);
    expect(checks.filter(({ verdict }) => verdict === "failed")).toEqual([]);
    const apart = checks.filter(({ check }) => / at /.test(check));
    expect(apart.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 6 }, () => "ok"));
    const { scripts } = await here.json<{ scripts: { module: string; findings: unknown[] }[] }>([
      "doctor",
      "scripts",
      "--env",
      "staging",
    ]);
    expect(scripts.map(({ module, findings }) => [module, findings])).toEqual([["mobius-dbt", []]]);
  });

  it("imports what it serves into a platform file that is valid and names every variable", async () => {
    const list = await (await here.ask("/v2/projects/mobius-staging/locations/us-central1/services")).text();
    const described = join(here.root, "described.json");
    await writeFile(described, list);
    const { out, code } = await here.start(["import", described, "--dir", join(here.root, "home"), "--json"]).ended;
    const parsed = parsePlatform((JSON.parse(out) as { text: string }).text, "mobius.yaml");
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { services } = JSON.parse(list) as { services: ServedService[] };
    expect([code, services.length]).toEqual([0, 9]);
    for (const { name, template } of services) {
      const imported = parsed.value.services[name.split("/").at(-1) ?? ""];
      const names = template.containers[0]?.env?.map((variable) => variable.name).sort() ?? [];
      expect([...Object.keys(imported?.env ?? {}), ...Object.keys(imported?.secrets ?? {})].sort()).toEqual(names);
    }
  });

  it("gives services their secrets byte for byte, line break and all", async () => {
    const os = await addressOf(demo, "mobius-os-backend");
    const shape = JSON.stringify(await (await fetch(`${os}/api/v1/secret-shape`)).json());
    expect(shape).toContain("true"); // ends in a line break
  });

  it("leaves traffic as it was when a check fails, and says what, where, why and what to do", {
    timeout: LONG,
  }, async () => {
    const chat = await addressOf(demo, "mobius-chat-api");
    const failing = (await here.manifest()).replace("-staging.yaml", "-failing-staging.yaml");
    const ended = await here.run(["release", failing]);
    expect(ended.code, `${ended.err}\n${demo.text()}`).toBe(1);
    expect(
      ended.err,
    ).toContain(`error[check-failed]: Check services.mobius-chat-api.checks[0] on rehearsal failed after 3 tries.
  why:   status 503 instead of 200: {"status":"unavailable","queue":"queue type \\"\\" is none of: database"}
  fix:   Read the service's log with mobius logs, mend the service or the check, and release again.
  more:  docs/errors.md#check-failed`);
    expect(ended.err).toContain("✗ failed: traffic is as it was");
    expect((await fetch(`${chat}/ready`)).status).toBe(200);
    const [newest] = await here.json<readonly Summary[]>(["status"]);
    expect(newest).toMatchObject({ id: "REL-2", state: "failed" });
    const month = new Date().toISOString().slice(0, 7);
    await expect
      .poll(() => here.git(".", "show", `origin/main:docs/release_logs/${month}-staging.md`), { timeout: 30_000 })
      .toMatch(/## REL-2 [\s\S]*- Outcome: failed: check-failed: Check services/);
  });

  it("builds and deploys only what a changed module feeds", { timeout: LONG }, async () => {
    const next = (await here.manifest()).replace("-staging.yaml", "-next-staging.yaml");
    const planned = await here.run(["plan", next, "--detailed-exitcode"]);
    expect(planned.code).toBe(7);
    expect(planned.out).toMatch(/ {2}~ mobius-skills .*\n {6}\w+ Tell a page's language \(Chen Wei\)\n/);
    expect(planned.out).toMatch(/\nIt may take .* s, as REL-1 did\.\n/);
    const ended = await here.run(["release", next]);
    expect(ended.code).toBe(0);
    const built = [...ended.err.matchAll(/image (\S+) built/g)].map((match) => match[1]);
    expect(built).toEqual(["mobius-skills-scraper"]);
    const shifted = [...ended.err.matchAll(/(\S+) now serves (\S+)/g)].map((match) => match[2]);
    expect(shifted).toEqual(["mobius-skills-scraper-rel3-1"]);
    expect(ended.err).toContain("back-up: no migration to apply, no backup needed");
  });

  it("releases once, however often a webhook says so, and nothing that its sender makes up", {
    timeout: LONG,
  }, async () => {
    const create = ["trigger", "create", "webhook", "--name", "from-ci", "--env", "staging"];
    const made = await here.json<{ url: string }>([...create, "--substitution", "_RELEASE_MANIFEST=$(body.manifest)"]);
    const post = async (manifest: string, delivery: string) =>
      (
        await fetch(made.url, {
          method: "POST",
          body: JSON.stringify({ manifest }),
          headers: { "x-github-delivery": delivery },
        })
      ).status;
    const manifest = await here.manifest(); // the first one again: it puts the scraper back
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(manifest, "d-1")));
    expect(answers).toEqual(answers.map(() => 200));
    await expect
      .poll(async () => (await here.json<readonly Summary[]>(["status"]))[0], { timeout: 120_000, interval: 200 })
      .toMatchObject({ id: "REL-4", state: "succeeded", manifest });
    const { buildId } = (await (await here.ask("/api/v1/releases/REL-4")).json()) as { buildId: string };
    // Released already: the build is ended before any script of it could deploy, and makes no release.
    expect(await post(manifest, "d-2")).toBe(200);
    expect(await post("../../etc/passwd", "d-3")).toBe(200);
    expect(await post("x.yaml; touch /tmp/evil", "d-4")).toBe(200);
    const place = "/v1/projects/mobius-staging/locations/global";
    const kept = (await (await here.ask(`${place}/triggers/from-ci/deliveries`)).json()) as {
      deliveries: readonly { verdict: string; build?: string }[];
    };
    expect(kept.deliveries.slice(0, 3).map(({ verdict }) => verdict)).toEqual(["filtered", "filtered", "accepted"]);
    expect(new Set(kept.deliveries.slice(3).map(({ build }) => build))).toEqual(new Set([buildId]));
    const build = kept.deliveries[2]?.build ?? "";
    await expect
      .poll(async () => ((await (await here.ask(`${place}/builds/${build}`)).json()) as { status: string }).status, {
        timeout: 60_000,
        interval: 200,
      })
      .toBe("CANCELLED");
    expect((await here.run(["build", "log", build])).out).toContain(`ERROR: nothing to do: staging has ${manifest}`);
    expect(await here.json<readonly Summary[]>(["status"])).toHaveLength(4);
  });

  it("keeps secrets out of everything that it wrote", async () => {
    const answer = await here.ask("/v1/projects/mobius-staging/secrets/db-password-mobius-rag/versions/latest:access");
    const { payload } = (await answer.json()) as { payload: { data: string } };
    const password = Buffer.from(payload.data, "base64").toString();
    expect(password).toMatch(/^p\$.*@,/);
    const [log, release, build] = await Promise.all([
      here.run(["logs", "REL-1"]),
      here.ask("/api/v1/releases/REL-1").then((response) => response.text()),
      readFile(join(here.umbrella, "docs", "README.md"), "utf8"),
    ]);
    for (const text of [log.out, release, build, demo.text()]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(encodeURIComponent(password));
    }
  });

  it("ends with everything that it started at Ctrl-C", { timeout: LONG }, async () => {
    demo.kill("SIGINT");
    expect((await demo.ended).code).toBe(130);
    expect(await here.leftBehind()).toEqual([]);
  });
});

async function addressOf(demo: Running, service: string): Promise<string> {
  const address = new RegExp(`^ {2}${service} +(http://\\S+)$`, "m").exec(demo.text())?.[1];
  if (address === undefined) throw new Error(`no address of ${service} in:\n${demo.text()}`);
  return address;
}
