import { environmentNamed } from "../core/manifest/environments.ts";
import type { Environments } from "./environments.ts";
import { readPlatform } from "./read-platform.ts";

/** What an environment serves, service by service; undefined for an environment that the platform file lacks. */
export async function servedEnvironment(environments: Environments, directory: string, name: string): Promise<unknown> {
  const platform = await readPlatform(directory);
  const environment = platform.ok ? environmentNamed(platform.value, name) : undefined;
  if (environment === undefined) return undefined;
  const { services } = await environments.ports(environment);
  const observed = await services.list();
  return {
    environment: environment.name,
    services: observed.map(({ name: service, url, serving }) => ({
      service,
      url,
      ...(serving === undefined ? {} : { revision: serving.name }),
      ...(serving?.digest === undefined ? {} : { digest: serving.digest }),
    })),
  };
}
