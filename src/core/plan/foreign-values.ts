import { foreignTo } from "../manifest/environment-identifiers.ts";
import type { Environment, Platform, Service } from "../platform/platform.ts";
import type { Problem } from "../values/problem.ts";
import type { IntendedService } from "./plan.ts";
import { valueForeign } from "./problems.ts";

/** Variables that say which environment a service is in: `ENV`, `CHAT_ENV`, `NODE_ENVIRONMENT`. */
const SAYS_WHICH = /^(rehearsal\.)?env\.([A-Z0-9_]*_)?ENV(IRONMENT)?$/;

interface Searched {
  readonly platform: Platform;
  readonly environment: Environment;
}

/**
 * What of another environment stands in what a service would get: its variables with every expression replaced, its rehearsal's,
 * its command and the instances that it connects to. The manifest's own values are looked at where they are read, with
 * their places; what is written into the platform file itself goes to every environment and is found here.
 */
export function foreignValues(
  { platform, environment }: Searched,
  service: Service,
  intended: IntendedService,
): readonly Problem[] {
  const others = Object.values(platform.environments).filter(({ name }) => name !== environment.name);
  const findForeign = foreignTo(platform, environment);
  return textsOf(service, intended).flatMap(({ place, text }) => {
    const problem = (identifier: string, owner: string) =>
      valueForeign({ place: `services.${service.name}.${place}`, identifier, owner, environment: environment.name });
    const found = findForeign(text).map(({ identifier, owner }) => problem(identifier, owner.name));
    const meant =
      SAYS_WHICH.test(place) && !environment.boundary.shares.includes(text) ? named(others, text) : undefined;
    return meant === undefined ? found : [...found, problem(text, meant.name)];
  });
}

function named(environments: readonly Environment[], text: string): Environment | undefined {
  return environments.find(({ name, aliases }) => [name, ...aliases.names].includes(text));
}

function textsOf(
  service: Service,
  intended: IntendedService,
): readonly { readonly place: string; readonly text: string }[] {
  const variables = Object.entries(intended.env).flatMap(([name, value]) =>
    value.kind === "plain" ? [{ place: `env.${name}`, text: value.value }] : [],
  );
  const rehearsed = Object.entries(service.rehearsal?.env ?? {}).map(([name, text]) => ({
    place: `rehearsal.env.${name}`,
    text,
  }));
  return [
    ...variables,
    ...rehearsed,
    { place: "run.command", text: intended.command.join(" ") },
    { place: "run.args", text: intended.args.join(" ") },
    { place: "run.cloudsqlInstances", text: intended.cloudsqlInstances.join(" ") },
  ];
}
