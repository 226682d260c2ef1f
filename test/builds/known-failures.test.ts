/** What went wrong in other engines, by their issues' numbers, must not go wrong here. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { findDockerEngine } from "../../src/adapters/executors/docker/docker-engine.ts";
import { isEnded } from "../../src/core/build/state.ts";
import { tarOf } from "../contract/image-fixture.ts";
import { BUSYBOX, busyboxFiles } from "../support/busybox.ts";
import { missing } from "./executors.ts";
import { ServerProcesses, until } from "./server-process.ts";

const EXECUTORS = ["host", "docker"] as const;
const IMAGE = "busybox:known-failures";
const engine = BUSYBOX === undefined ? undefined : await findDockerEngine("/var/run/docker.sock");
if (engine !== undefined) {
  const query = new URLSearchParams({ fromSrc: "-", repo: "busybox", tag: "known-failures" });
  const body = await tarOf(busyboxFiles());
  for await (const _ of await engine.stream("POST", `/images/create?${query}`, { body }));
}

/** Notes that it ran, and goes on. */
const step = (index: number, script: string, more: object = {}) => ({
  name: IMAGE,
  args: ["sh", "-c", `echo ran >> step-${index}; ${script}`],
  ...more,
});

describe.each(EXECUTORS)("on the %s executor", { timeout: 90_000 }, (name) => {
  let servers: ServerProcesses;
  afterEach(async () => servers?.[Symbol.asyncDispose]());
  const here = it.skipIf(missing(name) !== undefined);

  here("Concourse #9344: a step that has ended does not run again after a restart", async () => {
    servers = new ServerProcesses(name);
    const server = servers.start({
      steps: [step(0, "echo first"), step(1, "sleep 1", { env: ["MOBIUS_IDEMPOTENT=1"] })],
    });
    const build = await servers.running(1);
    await servers.kill(server);
    servers.start();
    expect((await servers.ended()).stage).toMatchObject({ status: "SUCCESS" });
    expect(readFileSync(servers.workspace(build, "step-0"), "utf8")).toBe("ran\n");
  });

  here("Concourse #9399: a restart does not begin a step's time limit anew", async () => {
    servers = new ServerProcesses(name);
    const server = servers.start({
      steps: [step(0, "sleep 300", { timeout: "3s", env: ["MOBIUS_IDEMPOTENT=1"] })],
      timeout: "6s",
    });
    const build = await servers.running(0);
    await servers.kill(server);
    servers.start();
    const { stage } = await servers.ended();
    if (build.stage.name !== "working" || stage.name !== "ended") throw new Error("the build did not run");
    // On the host the step is run again, within the build's own limit; a container keeps the limit that it had.
    expect(name === "docker" ? ["FAILURE"] : ["FAILURE", "TIMEOUT"]).toContain(stage.status);
    expect(stage.endedAt - build.stage.deadlineAt).toBeLessThan(10_000);
  });

  here("Concourse #1585: a build that is cancelled before anything was tracked ends cancelled", async () => {
    servers = new ServerProcesses(name);
    const server = servers.start({ steps: [step(0, "sleep 300")] });
    await until("it is there", () => servers.onDisk());
    server.stdin?.write("cancel\n");
    const { stage, steps } = await servers.ended();
    expect(stage).toMatchObject({ status: "CANCELLED" });
    expect(steps.every(({ name: state }) => state === "waiting" || state === "ended")).toBe(true);
  });

  here("Concourse #1585: a build that is cancelled after a restart ends cancelled", async () => {
    servers = new ServerProcesses(name);
    const first = servers.start({ steps: [step(0, "sleep 300", { env: ["MOBIUS_IDEMPOTENT=1"] })] });
    await servers.running(0);
    await servers.kill(first);
    servers.start().stdin?.write("cancel\n");
    expect((await servers.ended()).stage).toMatchObject({ status: "CANCELLED" });
  });

  here("Spinnaker #5952: a build that works while none of its steps has begun can be cancelled", async () => {
    servers = new ServerProcesses(name);
    // Nothing has this image, and what would fetch it does not answer soon: the first step is long in coming.
    const image = name === "docker" ? "10.255.255.1/never/there:1" : IMAGE;
    const server = servers.start({ steps: [{ name: image, args: ["sleep", "300"] }] });
    await until("it works", async () => ((await servers.onDisk())?.stage.name === "working" ? true : undefined));
    server.stdin?.write("cancel\n");
    const build = await servers.ended();
    expect(isEnded(build) && build.stage.status).toBe("CANCELLED");
  });
});

describe("a container", { timeout: 90_000 }, () => {
  it.skipIf(missing("docker") !== undefined)(
    "outlives the server that started it: it goes on, and its output is whole",
    async () => {
      await using servers = new ServerProcesses("docker");
      const server = servers.start({
        steps: [
          step(0, "for n in $$(seq 1 60); do echo line $$n; sleep 0.05; done; cat /etc/image-release"),
          step(1, "echo on"),
        ],
      });
      const build = await servers.running(0);
      await until("it speaks", () => (servers.log(build).includes("line 10") ? true : undefined));
      await servers.kill(server);
      servers.start();
      const done = await servers.ended();
      expect(done.stage).toMatchObject({ status: "SUCCESS" });
      expect(readFileSync(servers.workspace(build, "step-0"), "utf8")).toBe("ran\n");
      const said = servers.log(build).match(/Step #0: line \d+/g) ?? [];
      expect(said).toEqual(Array.from({ length: 60 }, (_, at) => `Step #0: line ${at + 1}`));
      expect(servers.log(build)).toContain("Step #0: busybox\nFinished Step #0\n");
    },
  );

  it.skipIf(missing("docker") !== undefined)("keeps the token of the server that is gone to itself", async () => {
    await using servers = new ServerProcesses("docker");
    const tell = 'echo "it is $$MOBIUS_STEP_TOKEN" | tee $$BUILDER_OUTPUT/output';
    const server = servers.start({
      steps: [step(0, `while [ ! -e go ]; do sleep 0.1; done; ${tell}`), step(1, "true")],
    });
    const build = await servers.running(0);
    await servers.kill(server);
    servers.start();
    writeFileSync(servers.workspace(build, "go"), "");
    const done = await servers.ended();
    expect(servers.log(build)).toContain("Step #0: it is [secret]\n");
    const [first] = done.steps;
    const output = first?.name === "ended" ? first.output : undefined;
    expect(Buffer.from(output ?? "", "base64").toString()).toBe("it is [secret]\n");
  });

  it.skipIf(missing("docker") !== undefined)("that ended while there was no server is not run again", async () => {
    await using servers = new ServerProcesses("docker");
    const server = servers.start({ steps: [step(0, "sleep 1; echo through; exit 3", { allowExitCodes: [3] })] });
    const build = await servers.running(0);
    await servers.kill(server);
    await until("it has ended", async () => {
      const path = `/containers/mobius-${build.id}-step-0-try-1/json`;
      const found = (await engine?.json("GET", path)) as { State: { Status: string } } | undefined;
      return found?.State.Status === "exited" || undefined;
    });
    servers.start();
    const done = await servers.ended();
    expect(done.steps[0]).toMatchObject({ verdict: "allowed", outcome: { kind: "exited", code: 3 } });
    expect(readFileSync(servers.workspace(build, "step-0"), "utf8")).toBe("ran\n");
    expect(servers.log(build)).toContain("through\n");
    await until(
      "its container is removed",
      async () =>
        (await engine?.json("GET", `/containers/mobius-${build.id}-step-0-try-1/json`)) === undefined || undefined,
    );
  });
});
