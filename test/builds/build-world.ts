import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createHostExecutor } from "../../src/adapters/executors/host-executor.ts";
import { createSupervisors } from "../../src/adapters/executors/supervisors.ts";
import { createStepLogs } from "../../src/adapters/logs/step-logs.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import type { BuildConfig } from "../../src/core/build/build-config.ts";
import type { Build } from "../../src/core/build/state.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { err, ok } from "../../src/core/values/result.ts";
import { Secret } from "../../src/core/values/secret.ts";
import type { BuildDependencies } from "../../src/engine/builds/build-dependencies.ts";
import { type BuildEngine, createBuildEngine } from "../../src/engine/builds/build-engine.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import type { Supervisors } from "../../src/ports/processes.ts";
import type { StepLogs } from "../../src/ports/step-logs.ts";

const SUPERVISOR = resolve(import.meta.dirname, "../../src/main/supervisor.ts");
export const TOKEN = "token-of-the-step-4711";

/** A build engine with real processes and files in a folder of its own. */
export interface BuildWorld extends AsyncDisposable {
  readonly engine: BuildEngine;
  readonly directory: string;
  readonly stepLogs: StepLogs;
  readonly faults: unknown[];
  /** Submits a build and waits for its end. */
  run(config: BuildConfig, project?: string): Promise<Build>;
  log(build: Build): Promise<string>;
}

/** Supervisors of an installation in the directory. */
export function testSupervisors(directory: string): Supervisors {
  return createSupervisors({
    installationId: `test-${directory.split("-").at(-1)}`,
    nodePath: process.execPath,
    supervisorScript: SUPERVISOR,
    clock: systemClock,
  });
}

export function buildDependencies(directory: string, changes: Partial<BuildDependencies> = {}): BuildDependencies {
  const buildsDirectory = join(directory, "builds");
  mkdirSync(buildsDirectory, { recursive: true });
  const supervisors = testSupervisors(directory);
  return {
    eventLog: createMemoryEventLog(),
    executor: createHostExecutor({ supervisors, mobiusCommand: ["echo", "mobius"] }),
    stepLogs: createStepLogs({ buildsDirectory, clock: systemClock }),
    clock: systemClock,
    ids: systemIds,
    buildsDirectory,
    stepEnvironment: async () => ({
      env: { PATH: process.env.PATH ?? "", MOBIUS_SERVER: "http://127.0.0.1:1" },
      secretEnv: { MOBIUS_STEP_TOKEN: new Secret(TOKEN) },
    }),
    accessSecret: async (name) =>
      name.includes("/secrets/key/") ? ok(new Secret("s3cret-$value@,")) : err("rpc error: code = NotFound"),
    stopGraceMs: 500,
    ...changes,
  };
}

export function createBuildWorld(
  changes: Partial<BuildDependencies> = {},
  directory: string = mkdtempSync(join(tmpdir(), "mobius-builds-")),
): BuildWorld {
  const faults: unknown[] = [];
  const deps = buildDependencies(directory, { onFault: (_, fault) => faults.push(fault), ...changes });
  const engine = createBuildEngine(deps);
  return {
    engine,
    directory,
    faults,
    stepLogs: deps.stepLogs,
    async run(config, project = "p1") {
      const submission = { project, location: "global", config, actor: actorId("person", "ada") };
      const submitted = await engine.submit(submission);
      if (!submitted.ok) throw new Error(submitted.error.message);
      const build = await engine.ended(submitted.value.id, AbortSignal.timeout(30_000));
      if (build?.stage.name !== "ended") throw new Error(`the build did not end: ${build?.stage.name} ${faults}`);
      return build;
    },
    log: async (build) => (await deps.stepLogs.read({ build: build.id, fromByte: 0 })).text,
    async [Symbol.asyncDispose]() {
      await engine.close();
      await deps.executor.sweep();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
