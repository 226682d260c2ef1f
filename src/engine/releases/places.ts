import { environmentNamed } from "../../core/manifest/environments.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import type { Release } from "../../core/release/state.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { PlatformReader } from "./platform-reader.ts";
import { environmentUnknown, releaseUnknown } from "./problems.ts";
import type { EnvironmentPorts, ReleasePorts } from "./release-ports.ts";

/** An environment with the platform that declares it. */
export interface Place {
  readonly platform: Platform;
  readonly environment: Environment;
}

/** Finds environments, as they are now or as they were for a release. */
export class Places {
  readonly #ports: Pick<ReleasePorts, "environment">;
  readonly #platforms: PlatformReader;

  constructor(ports: Pick<ReleasePorts, "environment">, platforms: PlatformReader) {
    this.#ports = ports;
    this.#platforms = platforms;
  }

  /** By its name or alias, as the umbrella's main branch has it now, with the ports to its cloud. */
  async named(
    name: string,
  ): Promise<Result<Place & { readonly environmentPorts: EnvironmentPorts }, NonEmpty<Problem>>> {
    const platform = await this.#platforms.now();
    if (!platform.ok) return err(platform.problems);
    const environment = environmentNamed(platform.value, name);
    if (environment === undefined) return err([environmentUnknown(name, Object.keys(platform.value.environments))]);
    const environmentPorts = await this.#ports.environment(platform.value, environment);
    return ok({ platform: platform.value, environment, environmentPorts });
  }

  /** As it is at the release's umbrella commit. */
  async of({ id, umbrellaCommit, plan }: Release): Promise<Result<Place, Problem>> {
    const platform = await this.#platforms.at(umbrellaCommit);
    if (!platform.ok) return err(platform.problems[0]);
    const environment = platform.value.environments[plan.environment];
    return environment === undefined ? err(releaseUnknown(id)) : ok({ platform: platform.value, environment });
  }
}
