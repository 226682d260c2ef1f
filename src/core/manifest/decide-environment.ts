import type { Environment, Platform } from "../platform/platform.ts";
import type { Problem } from "../values/problem.ts";
import { closest } from "../yaml/closest.ts";
import { environmentNamed, environmentOfId, environmentOfProject, projectOfRepository } from "./environments.ts";
import type { Located } from "./manifest.ts";
import { isPlaceholder } from "./manifest-texts.ts";
import { environmentUnclear, nameUnknown } from "./problems.ts";

/** What in a manifest speaks of an environment. */
export interface Voices {
  /** Empty where there is none. */
  readonly releaseId: Located<string>;
  /** The key `environment`. */
  readonly stated: Located<string> | undefined;
  /** Images as written. */
  readonly repositories: readonly string[];
  /** `project:region:instance` of the database. */
  readonly instance: string | undefined;
}

export interface Decision {
  readonly environment: Environment | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Ruling 1: the key `environment` decides, then the id's ending, then the projects of images and database; the id must
 * not contradict the key. Whether each image and override belongs there is for the caller to check.
 */
export function decideEnvironment(platform: Platform, voices: Voices): Decision {
  const { releaseId, stated } = voices;
  const byId = environmentOfId(platform, releaseId.value);
  if (stated !== undefined) return decideByKey(platform, stated, byId);
  if (byId !== undefined) return { environment: byId, problems: [] };
  const spoken = environmentsOfProjects(platform, voices);
  if (spoken.length === 1) return { environment: spoken[0], problems: [] };
  // The id that is missing would have said it: one slip, one problem.
  if (spoken.length === 0 && releaseId.value === "") return { environment: undefined, problems: [] };
  const why =
    spoken.length === 0
      ? "Neither its id nor its images speak of one."
      : `Its images speak of ${spoken.map(({ name }) => name).join(" and ")}.`;
  const unclear = environmentUnclear(releaseId.where, why, Object.keys(platform.environments));
  return { environment: undefined, problems: [unclear] };
}

function decideByKey(platform: Platform, { value, where }: Located<string>, byId: Environment | undefined): Decision {
  const names = Object.keys(platform.environments);
  const environment = environmentNamed(platform, value);
  if (environment === undefined) {
    const problems = isPlaceholder(value) ? [] : [nameUnknown(where, "environment", value, closest(value, names))];
    return { environment, problems };
  }
  if (byId === undefined || byId === environment) return { environment, problems: [] };
  const why = `The key environment says ${environment.name}, and release_id ends like one of ${byId.name}.`;
  return { environment, problems: [environmentUnclear(where, why, names)] };
}

function environmentsOfProjects(platform: Platform, { repositories, instance }: Voices): readonly Environment[] {
  const projects = [...repositories.map(projectOfRepository), instance?.split(":")[0]];
  return [...new Set(projects.flatMap((project) => environmentOfProject(platform, project ?? "") ?? []))];
}
