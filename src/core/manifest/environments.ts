import type { Environment, Platform } from "../platform/platform.ts";

/** The environment that goes by the name or one of its aliases. */
export function environmentNamed(platform: Platform, name: string): Environment | undefined {
  return Object.values(platform.environments).find(
    (environment) => environment.name === name || environment.aliases.names.includes(name),
  );
}

/** The environment whose name or alias a release id ends in; of `eu-staging` and `staging` the longer one is meant. */
export function environmentOfId(platform: Platform, releaseId: string): Environment | undefined {
  const endings = Object.values(platform.environments).flatMap((environment) =>
    [environment.name, ...environment.aliases.names].map((name) => ({ name, environment })),
  );
  const fitting = endings.filter(({ name }) => releaseId.endsWith(`-${name}`));
  return fitting.sort((a, b) => b.name.length - a.name.length)[0]?.environment;
}

/** The environment that a project belongs to, by its name or an alias. */
export function environmentOfProject(platform: Platform, project: string): Environment | undefined {
  return Object.values(platform.environments).find(
    (environment) => environment.project === project || environment.aliases.projects.includes(project),
  );
}

/** The project in an image's repository: `gcr.io/<project>/…`, `<region>-docker.pkg.dev/<project>/…`. */
export function projectOfRepository(repository: string): string | undefined {
  return repository.split("/")[1];
}

/** Whether the environment's boundary owns or shares the text. */
export function isWithin({ boundary }: Environment, text: string): boolean {
  return [...boundary.owns, ...boundary.shares].some((own) => matches(own, text));
}

/** A boundary's entry: text with `*` for anything. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}
