import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { markedProcesses } from "../../src/adapters/executors/marked-processes.ts";
import type { BuildConfig, BuildStep } from "../../src/core/build/build-config.ts";
import { buildStatus, stepStatus } from "../../src/core/build/state.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { createBuildEngine } from "../../src/engine/builds/build-engine.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import type { EventLog } from "../../src/ports/event-log.ts";
import { buildDependencies, createBuildWorld, TOKEN } from "./build-world.ts";

const sh = (script: string, more: Partial<BuildStep> = {}): BuildStep => ({
  name: "ubuntu",
  args: ["sh", "-c", script],
  ...more,
});
const build = (...steps: readonly BuildStep[]): BuildConfig => ({ steps });
const ada = actorId("person", "ada");

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("a build on the host", () => {
  it("shares workspace and home between its steps, and logs in Cloud Build's layout", async () => {
    await using world = createBuildWorld();
    const again = await world.run(
      build(
        sh("echo made > file; echo $$HOME > home; printf 'no line break'"),
        sh('cat ../file >&2; test "$$(cat ../home)" = "$$HOME" && pwd', { id: "fetch", dir: "/workspace/sub" }),
      ),
    );
    expect(buildStatus(again)).toBe("SUCCESS");
    expect(await world.log(again)).toBe(`starting build "${again.id}"

FETCHSOURCE
BUILD
Starting Step #0
Step #0: no line break
Finished Step #0
Starting Step #1 - "fetch"
Step #1 - "fetch": made
Step #1 - "fetch": ${world.directory}/builds/${again.id}/workspace/sub
Finished Step #1 - "fetch"
DONE
`);
    const raw = await world.stepLogs.read({ build: again.id, step: 0, fromByte: 3 });
    expect(raw).toEqual({ text: "line break", next: 13 });
  });

  it("gives its only step no prefix", async () => {
    await using world = createBuildWorld();
    const ended = await world.run(build(sh("echo; echo one")));
    expect(await world.log(ended)).toBe(`starting build "${ended.id}"\n\nFETCHSOURCE\nBUILD\n\none\nDONE\n`);
  });

  it("ends with the first failure: what runs is stopped, what waits never starts", async () => {
    await using world = createBuildWorld();
    const config = build(
      sh("sleep 60", { id: "long", waitFor: ["-"] }),
      sh("sleep 0.2; exit 3", { id: "bad", waitFor: ["-"] }),
      sh("touch never"),
    );
    const ended = await world.run(config);
    expect(ended.steps.map(stepStatus)).toEqual(["CANCELLED", "FAILURE", "QUEUED"]);
    const line = 'build step 1 "ubuntu" failed: step exited with non-zero status: 3';
    expect(ended.stage).toMatchObject({ status: "FAILURE", detail: `Build step failure: ${line}` });
    expect((await world.log(ended)).endsWith(`\nERROR\nERROR: ${line}\n`)).toBe(true);
    expect(existsSync(join(world.directory, "builds", ended.id, "workspace/never"))).toBe(false);
  });

  it("runs independent steps side by side", async () => {
    await using world = createBuildWorld();
    const meet = (mine: string, other: string) =>
      sh(`touch ${mine}; i=0; while [ ! -e ${other} ]; do i=$$((i+1)); [ $$i -lt 500 ] || exit 1; sleep 0.01; done`, {
        waitFor: ["-"],
      });
    expect(buildStatus(await world.run(build(meet("a", "b"), meet("b", "a"))))).toBe("SUCCESS");
  });

  it("keeps to time limits: a step's fails the build, the build's own is TIMEOUT", async () => {
    await using world = createBuildWorld();
    const slow = await world.run({ ...build(sh("sleep 60", { timeout: "0.3s" })) });
    expect(slow.stage).toMatchObject({
      status: "FAILURE",
      detail: 'Build step failure: build step 0 "ubuntu" failed: context deadline exceeded',
    });
    const late = await world.run({ ...build(sh("sleep 60")), timeout: "0.3s" });
    expect(late.stage).toMatchObject({ status: "TIMEOUT" });
    expect((await world.log(late)).endsWith("\nTIMEOUT\nERROR: context deadline exceeded\n")).toBe(true);
  });

  it("cancels while it runs and while it waits", async () => {
    await using world = createBuildWorld({ concurrentBuilds: 1 });
    const submit = async () => {
      const submitted = await world.engine.submit({
        project: "p1",
        location: "global",
        config: build(sh("sleep 60")),
        actor: ada,
      });
      if (!submitted.ok) throw new Error(submitted.error.message);
      return submitted.value.id;
    };
    const [first, second] = [await submit(), await submit()];
    await until("the first works", async () => (await world.engine.get(first))?.steps[0]?.name === "running");
    expect((await world.engine.get(second))?.stage.name).toBe("queued");
    expect(await world.engine.cancel(second, ada)).toBe("requested");
    expect(await world.engine.cancel(first, ada)).toBe("requested");
    for (const id of [first, second]) {
      const ended = await world.engine.ended(id, AbortSignal.timeout(10_000));
      expect(ended?.stage).toMatchObject({ status: "CANCELLED", detail: "cancelled by person:ada" });
      expect(await world.engine.cancel(id, ada)).toBe("ended");
    }
    expect(await world.engine.cancel("nobody", ada)).toBe("unknown");
  });

  it("runs the next build when a place is free", async () => {
    await using world = createBuildWorld({ concurrentBuilds: 1 });
    const all = await Promise.all([1, 2, 3].map(() => world.run(build(sh("true")))));
    expect(all.map(buildStatus)).toEqual(["SUCCESS", "SUCCESS", "SUCCESS"]);
    const spans = all.flatMap(({ stage }) => (stage.name === "ended" ? [stage.startedAt ?? 0, stage.endedAt] : []));
    expect(spans).toEqual(spans.toSorted((a, b) => a - b));
  });
});

describe("an engine that is disturbed", () => {
  it("takes a build up again when the event log fails for a moment", async () => {
    const log = createMemoryEventLog();
    let failures = 0;
    const append: EventLog["append"] = async (request) => {
      const isEnd = request.events.some(({ event }) => event.type === "step-ended");
      if (isEnd && failures++ < 2) throw new Error("the log does not answer");
      return log.append(request);
    };
    await using world = createBuildWorld({ eventLog: { ...log, append } });
    const ended = await world.run(build(sh("echo ran >> file"), sh("cat file")));
    expect(ended.stage).toMatchObject({ status: "SUCCESS" });
    expect(world.faults).toHaveLength(2);
    // The exit record was on disk, so the step did not run again.
    expect(readFileSync(join(world.directory, "builds", ended.id, "workspace/file"), "utf8")).toBe("ran\n");
  });

  it("runs a repeatable step again when its supervisor is killed, and leaves nothing of the first try", async () => {
    await using world = createBuildWorld();
    const script = "echo ran >> file; [ -e once ] || { touch once; sleep 60; }";
    const config = build(sh(script, { env: ["MOBIUS_IDEMPOTENT=1"] }));
    const submitted = await world.engine.submit({ project: "p1", location: "global", config, actor: ada });
    const id = submitted.ok ? submitted.value.id : "";
    await until("the step runs", () => existsSync(join(world.directory, "builds", id, "workspace/once")));
    const mark = `test-${world.directory.split("-").at(-1)}`;
    const supervisor = markedProcesses(mark).find((found) => found.mark.split("/").length === 2);
    process.kill(supervisor?.pid ?? 0, "SIGKILL");
    expect((await world.engine.ended(id, AbortSignal.timeout(10_000)))?.stage).toMatchObject({ status: "SUCCESS" });
    expect(markedProcesses(mark)).toEqual([]);
  });

  it("refuses what it would not carry out", async () => {
    await using world = createBuildWorld();
    const artifacts = { npmPackages: [{ repository: "https://r", packagePath: "." }] };
    const config = { ...build(sh("true")), artifacts } as BuildConfig;
    const submission = { project: "p1", location: "global", config, actor: ada };
    expect(await world.engine.submit(submission)).toEqual({
      ok: false,
      error: { kind: "invalid", message: "this engine does not carry out .artifacts.npmPackages" },
    });
  });
});

describe("a server that stops in order", () => {
  it("leaves builds to the next start, which goes on with the steps that may be repeated", async () => {
    const directory = mkdtempSync(join(tmpdir(), "mobius-builds-"));
    const deps = buildDependencies(directory);
    const first = createBuildEngine(deps);
    const config = build(
      sh("echo ran >> file; [ -e once ] || { touch once; sleep 60; }", { env: ["MOBIUS_IDEMPOTENT=1"] }),
    );
    const submission = { project: "p1", location: "global", config, actor: ada };
    const submitted = await first.submit(submission);
    const id = submitted.ok ? submitted.value.id : "";
    await until("the step runs", () => existsSync(join(directory, "builds", id, "workspace/once")));
    await first.close();
    expect(await first.submit(submission)).toMatchObject({ ok: false, error: { kind: "closing" } });
    const second = createBuildEngine(deps);
    const heard: string[] = [];
    second.onBuildEnded((ended) => heard.push(`${ended.id} ${buildStatus(ended)}`));
    expect(await second.recover()).toBe(1);
    await second.drain(AbortSignal.timeout(10_000));
    expect(heard).toEqual([`${id} SUCCESS`]);
    expect(readFileSync(join(directory, "builds", id, "workspace/file"), "utf8")).toBe("ran\nran\n");
    expect(await createBuildEngine(deps).recover()).toBe(0);
    rmSync(directory, { recursive: true, force: true });
  });
});

describe("a step's environment", () => {
  it("is image, build, step in this order, with nothing of the server's", async () => {
    await using world = createBuildWorld();
    process.env.LEAK_OF_SERVER = "leaked";
    const config: BuildConfig = {
      steps: [sh("env", { env: ["A=step", "URL=x=y", "MOBIUS_IDEMPOTENT=1"] })],
      options: { env: ["A=build", "B=build"] },
    };
    const log = await world.log(await world.run(config));
    delete process.env.LEAK_OF_SERVER;
    for (const line of ["A=step", "B=build", "URL=x=y", "MOBIUS_SERVER=http://127.0.0.1:1"]) {
      expect(log).toContain(`\n${line}\n`);
    }
    expect(log).toMatch(/\nHOME=.*\/home\n/);
    expect(log).toMatch(/\nCLOUDSDK_CONFIG=.*\/home\/\.gcloud\n/);
    expect(log).not.toContain("LEAK_OF_SERVER");
  });

  it("holds secrets, and the log does not, in no form", async () => {
    await using world = createBuildWorld();
    const config: BuildConfig = {
      steps: [
        sh(
          'test "$$KEY" = \'s3cret-$$value@,\' && echo "<$$KEY>" && printf %s "$$KEY" | base64; echo $$MOBIUS_STEP_TOKEN',
          { secretEnv: ["KEY"] },
        ),
      ],
      availableSecrets: { secretManager: [{ env: "KEY", versionName: "projects/p1/secrets/key/versions/1" }] },
    };
    const ended = await world.run(config);
    expect(buildStatus(ended)).toBe("SUCCESS");
    expect(await world.log(ended)).toMatch(/\nBUILD\n<\[secret\]>\n\[secret\].{0,3}\n\[secret\]\nDONE\n$/);
    const files = ["log.txt", "steps/step-0-try-1.log", "steps/exits", "log.index"];
    for (const file of files) {
      const text = readFileSync(join(world.directory, "builds", ended.id, file), "utf8");
      expect(text).not.toContain("s3cret");
      expect(text).not.toContain(TOKEN);
    }
  });

  it("fails a step whose secret cannot be read, and says which", async () => {
    await using world = createBuildWorld();
    const versionName = "projects/p1/secrets/none/versions/latest";
    const ended = await world.run({
      steps: [sh("true", { secretEnv: ["KEY"] })],
      availableSecrets: { secretManager: [{ env: "KEY", versionName }] },
    });
    expect(ended.stage).toMatchObject({
      status: "FAILURE",
      detail: `Build step failure: build step 0 "ubuntu" failed: failed to access secret version for secret ${versionName}: rpc error: code = NotFound`,
    });
  });
});

describe("what a step runs", () => {
  it("is the image's program, an entrypoint, or a script with its interpreter", async () => {
    await using world = createBuildWorld();
    const config = build(
      { name: "gcr.io/cloud-builders/git", args: ["--version"] },
      { name: "gcr.io/p1/mobius", args: ["phase", "migrate"], waitFor: ["-"] },
      { name: "gcr.io/p1/mobius:latest", entrypoint: "sh", args: ["-c", "echo entry"], waitFor: ["-"] },
      { name: "ubuntu", script: "#!/usr/bin/env bash\necho ${BASH_VERSION:+bash} $NOT_SUBSTITUTED", waitFor: ["-"] },
      { name: "alpine:3", script: "\n#!/usr/bin/env bash\necho plain", waitFor: ["-"] },
    );
    const ended = await world.run(config);
    const outputs = await Promise.all(
      config.steps.map(async (_, step) => (await world.stepLogs.read({ build: ended.id, step, fromByte: 0 })).text),
    );
    expect(outputs).toEqual([
      expect.stringContaining("git version"),
      "mobius phase migrate\n",
      "entry\n",
      "bash\n",
      "plain\n",
    ]);
  });

  it.each([
    [
      { name: "gcr.io/kaniko-project/executor" },
      'the host executor has no program for image "gcr.io/kaniko-project/executor": use one of',
    ],
    [
      { name: "ubuntu", args: ["no-such-tool"] },
      'starting step container failed: exec: "no-such-tool": executable file not found in $PATH (the host executor',
    ],
    [
      { name: "ubuntu", args: ["true"], dir: "../etc" },
      'the host executor cannot work in "/etc": use a directory beneath /workspace',
    ],
    [{ name: "ubuntu" }, 'image "ubuntu" has no entrypoint: give args, an entrypoint or a script'],
  ])("cannot be %o, and the build says so", async (step, message) => {
    await using world = createBuildWorld();
    const ended = await world.run(build(step));
    expect(ended.stage.name === "ended" && ended.stage.detail).toContain(message);
  });

  it("comes after the source, and before the images that the build promised", async () => {
    await using world = createBuildWorld({
      sourceFor: async (_, workspace) => {
        writeFileSync(join(workspace, "from-source"), "here");
        return { ok: true, value: undefined };
      },
      resolveImage: async (image) => (image === "gcr.io/p1/there:1" ? "sha256:abc" : undefined),
    });
    const source = { gitSource: { url: "https://example.com/x.git" } };
    const good = await world.run({ ...build(sh("cat from-source")), source, images: ["gcr.io/p1/there:1"] });
    expect(good.stage).toMatchObject({
      status: "SUCCESS",
      images: [{ name: "gcr.io/p1/there:1", digest: "sha256:abc" }],
    });
    expect((await world.log(good)).endsWith("\nhere\nPUSH\nPushing gcr.io/p1/there:1\nDONE\n")).toBe(true);
    const bad = await world.run({ ...build(sh("true")), images: ["gcr.io/p1/a", "gcr.io/p1/b"] });
    const message = 'failed to find one or more images after execution of build steps: ["gcr.io/p1/a" "gcr.io/p1/b"]';
    expect(bad.stage).toMatchObject({ status: "FAILURE", detail: message });
    await using bare = createBuildWorld();
    const unfetched = await bare.run({ ...build(sh("true")), source });
    expect(unfetched.ending?.failure).toBe("FETCH_SOURCE_FAILED");
    expect(unfetched.steps.map(stepStatus)).toEqual(["QUEUED"]);
  });
});

describe("logs", () => {
  it("can be followed while they grow, to their end", async () => {
    await using world = createBuildWorld();
    const config = build(sh("for i in 1 2 3 4 5; do echo line $$i ☂; sleep 0.05; done"), sh("echo last"));
    const submitted = await world.engine.submit({ project: "p1", location: "global", config, actor: ada });
    if (!submitted.ok) throw new Error(submitted.error.message);
    let text = "";
    const request = { build: submitted.value.id, fromByte: 0 };
    for await (const part of world.stepLogs.follow(request, AbortSignal.timeout(10_000))) text += part;
    expect(text).toBe((await world.stepLogs.read(request)).text);
    expect(text).toContain(
      "Step #0: line 5 ☂\nFinished Step #0\nStarting Step #1\nStep #1: last\nFinished Step #1\nDONE\n",
    );
  });

  it("lose nothing of a long and loud step, and keep a line whole", async () => {
    await using world = createBuildWorld();
    const ended = await world.run(build(sh("seq 1 50000; head -c 300000 /dev/zero | tr '\\\\0' x; echo"), sh("true")));
    let text = "";
    for await (const part of world.stepLogs.follow({ build: ended.id, fromByte: 0 }, AbortSignal.timeout(10_000)))
      text += part;
    const lines = text.split("\n").filter((line) => line.startsWith("Step #0: "));
    expect(lines).toHaveLength(50_001);
    expect(lines[49_999]).toBe("Step #0: 50000");
    expect(lines[50_000]?.length).toBe(300_009);
  });
});
