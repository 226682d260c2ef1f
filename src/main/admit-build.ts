import { boundaryNotEnforced, refusalLine } from "../core/build/problems.ts";
import { stepSecrets, stepVariables } from "../core/build/step-context.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { AskedForBuild } from "../engine/builds/build-dependencies.ts";
import type { StepExecutor } from "../ports/step-executor.ts";
import type { BuildNetworks } from "./build-networks.ts";

/**
 * Refuses a protected environment's build that would run code of a repository where the kernel does not keep it, before
 * anything of it runs. The executors look again at each step.
 */
export async function admitBuild(
  parts: { readonly networks: BuildNetworks; readonly executor: StepExecutor; readonly path: string },
  { project, config }: AskedForBuild,
): Promise<Result<void, string>> {
  const network = await parts.networks.networkOf(project);
  if (network === "host" || !network.isProtected) return ok(undefined);
  const left = new Map<string, string[]>();
  for (const [step, stepConfig] of config.steps.entries()) {
    const what = await parts.executor.gap({
      config: stepConfig,
      env: stepVariables(config, step),
      engineEnv: { PATH: parts.path },
      secretEnv: Object.fromEntries(stepSecrets(config, step).map(({ env }) => [env, ""])),
    });
    if (what !== undefined) left.set(what, [...(left.get(what) ?? []), stepConfig.id ?? `#${step}`]);
  }
  const [first] = left;
  if (first === undefined) return ok(undefined);
  const [what, steps] = first;
  return err(refusalLine(boundaryNotEnforced(network.environment, steps, what)));
}
