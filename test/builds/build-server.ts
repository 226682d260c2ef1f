// A server with nothing but the build engine, for tests that kill it. Arguments: its folder, a build file to submit, and
// the executor. A line on standard input cancels the build.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findDockerEngine } from "../../src/adapters/executors/docker/docker-engine.ts";
import { createDockerExecutor } from "../../src/adapters/executors/docker/docker-executor.ts";
import { createDockerImages } from "../../src/adapters/executors/docker/docker-images.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { createBuildEngine } from "../../src/engine/builds/build-engine.ts";
import type { StepExecutor } from "../../src/ports/step-executor.ts";
import { buildDependencies } from "./build-world.ts";
import { openFileEventLog } from "./file-event-log.ts";

const [directory = "", file, kind = "host"] = process.argv.slice(2);
const ada = actorId("person", "ada");
const engine = createBuildEngine(
  buildDependencies(directory, {
    eventLog: await openFileEventLog(join(directory, "events.jsonl")),
    // Each server issues tokens of its own.
    stepEnvironment: async () => ({
      env: { PATH: process.env.PATH ?? "" },
      secretEnv: { MOBIUS_STEP_TOKEN: new Secret(`token-of-server-${process.pid}`) },
    }),
    ...(kind === "docker" ? { executor: await dockerExecutor() } : {}),
  }),
);
await engine.recover();
const submittedFile = join(directory, "submitted");
if (file !== undefined && !existsSync(submittedFile)) {
  const config = JSON.parse(readFileSync(file, "utf8"));
  const submitted = await engine.submit({ project: "p1", location: "global", config, actor: ada });
  if (!submitted.ok) throw new Error(submitted.error.message);
  writeFileSync(submittedFile, submitted.value.id);
}
createInterface({ input: process.stdin }).on(
  "line",
  () => void engine.cancel(readFileSync(submittedFile, "utf8"), ada),
);
setInterval(() => {}, 1_000);

async function dockerExecutor(): Promise<StepExecutor> {
  const docker = await findDockerEngine("/var/run/docker.sock");
  if (docker === undefined) throw new Error("no Docker Engine answers");
  const isInRegistry = async () => false;
  const images = createDockerImages({ engine: docker, registryHost: "127.0.0.1:1", isInRegistry, clock: systemClock });
  return createDockerExecutor({ engine: docker, images, installationId: `test-${directory.slice(-6)}` });
}
