import type { Build } from "../../core/build/state.ts";
import { stepDirectory, stepSecrets, stepVariables, stepVolumes } from "../../core/build/step-context.ts";
import { present } from "../../core/values/assert.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { RunningStep, StepOrder, StepSession } from "../../ports/step-executor.ts";
import type { BuildDependencies, StepEnvironment } from "./build-dependencies.ts";

interface StepTry {
  readonly deps: BuildDependencies;
  readonly build: Build;
  readonly session: StepSession;
  readonly attempt: { readonly step: number; readonly try: number };
  readonly logPath: string;
}

/** Starts one try. What goes wrong before it runs comes back as its end, so that it counts as the step's failure. */
export async function startStep(request: StepTry): Promise<RunningStep> {
  const order = await orderOf(request);
  return order.ok ? request.session.start(order.value) : notStarted(order.error);
}

/** Takes hold again of a try that outlived the server which started it; undefined where it did not. */
export async function resumeStep(request: StepTry): Promise<RunningStep | undefined> {
  const { session } = request;
  if (session.resume === undefined) return undefined;
  const order = await orderOf(request);
  return order.ok ? session.resume(order.value) : undefined;
}

async function orderOf({ deps, build, attempt, logPath }: StepTry): Promise<Result<StepOrder, string>> {
  const secrets = await accessSecrets(deps, build, attempt.step);
  if (!secrets.ok) return secrets;
  const added = await environmentOf(deps, build, attempt.step);
  if (!added.ok) return added;
  return ok({
    step: attempt.step,
    try: attempt.try,
    config: present(build.config.steps[attempt.step], `step ${attempt.step}`),
    directory: stepDirectory(build.config, attempt.step),
    volumes: stepVolumes(build.config, attempt.step),
    engineEnv: added.value.env,
    env: stepVariables(build.config, attempt.step),
    secretEnv: { ...secrets.value, ...added.value.secretEnv },
    logPath,
  });
}

/** A token that cannot be issued is the step's failure, not a fault that runs it over and over. */
async function environmentOf(
  deps: BuildDependencies,
  build: Build,
  step: number,
): Promise<Result<StepEnvironment, string>> {
  try {
    return ok(await deps.stepEnvironment({ build, step }));
  } catch (error) {
    return err(
      `the environment of the step could not be made: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Secrets are read when the step starts, as on Cloud Build. */
async function accessSecrets(
  deps: BuildDependencies,
  build: Build,
  step: number,
): Promise<Result<Readonly<Record<string, Secret>>, string>> {
  const values: Record<string, Secret> = {};
  for (const { env, versionName } of stepSecrets(build.config, step)) {
    const secret = await deps.accessSecret(versionName, build);
    if (!secret.ok) return err(`failed to access secret version for secret ${versionName}: ${secret.error}`);
    values[env] = secret.value;
  }
  return ok(values);
}

function notStarted(reason: string): RunningStep {
  return { ended: Promise.resolve({ outcome: { kind: "not-started", reason } }), stop: async () => {} };
}
