import type { Platform } from "../platform/platform.ts";
import type { NonEmpty, Problem } from "../values/problem.ts";
import type { Found } from "./found.ts";
import { importEnvironmentUnclear, importTwice } from "./problems.ts";

/** What a person says of inputs that do not say it themselves. */
export interface Place {
  readonly environment?: string;
  readonly project?: string;
  readonly region?: string;
}

/** An environment that inputs are of. */
export interface ImportedEnvironment {
  readonly name: string;
  readonly project: string;
  readonly region: string;
}

/** An input with its environment's name. */
export interface Placed {
  readonly found: Found;
  readonly environment: string;
}

const NAME = /^[a-zA-Z][\w.-]*$/;
/** Words in a project's id that name an environment, and the name. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/(^|-)(staging|stg|stage)(-|$)/, "staging"],
  [/(^|-)(production|prod|prd)(-|$)/, "production"],
  [/(^|-)(dev|development)(-|$)/, "dev"],
  [/(^|-)(qa|test)(-|$)/, "qa"],
];

/**
 * Says of which environment each input is: the one that the platform file has for its project or name, what a person said,
 * a file's own name, or a word of the project's id. A project never gets two environments, nor an environment two projects.
 */
export function assignEnvironments(
  all: readonly Found[],
  said: Place,
  platform: Platform | undefined,
): {
  readonly placed: readonly Placed[];
  readonly environments: readonly ImportedEnvironment[];
  readonly problems: readonly Problem[];
} {
  const names = new NameChoice(all, said, platform);
  const problems: Problem[] = [];
  const placed = all.flatMap((found): Placed[] => {
    const environment = names.of(found);
    if (environment !== undefined) return [{ found, environment }];
    problems.push(importEnvironmentUnclear(found.source, missingOf({ project: found.place.project ?? said.project })));
    return [];
  });
  const environments = [...new Set(placed.map(({ environment }) => environment))].flatMap((name) => {
    const inputs = placed.filter((each) => each.environment === name).map(({ found }) => found);
    const known = platform?.environments[name];
    const project = known?.project ?? firstOf(inputs, "project") ?? said.project;
    const region = known?.region ?? firstOf(inputs, "region") ?? said.region;
    if (project !== undefined && region !== undefined) return [{ name, project, region }];
    problems.push(importEnvironmentUnclear(inputs[0]?.source ?? name, missingOf({ project, region }, name)));
    return [];
  });
  return { placed, environments, problems: [...problems, ...described(placed)] };
}

function firstOf(inputs: readonly Found[], key: "project" | "region"): string | undefined {
  return inputs.map(({ place }) => place[key]).find((value) => value !== undefined);
}

function missingOf(given: Readonly<Record<string, string | undefined>>, name?: string): NonEmpty<string> {
  const missing = Object.keys(given).filter((key) => given[key] === undefined);
  const [first, ...rest] = name === undefined ? ["name", ...missing] : missing;
  return [first ?? "name", ...rest];
}

/** What describes one service of one environment twice. */
function described(placed: readonly Placed[]): readonly Problem[] {
  const first = new Map<string, Found>();
  return placed.flatMap(({ found, environment }) => {
    if (found.kind === "variables") return [];
    const key = `${environment} ${found.service}`;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, found);
    return earlier === undefined ? [] : [importTwice(found.service, environment, [earlier.source, found.source])];
  });
}

class NameChoice {
  readonly #platform: Platform | undefined;
  readonly #said: Place;
  readonly #byProject = new Map<string, string>();

  constructor(all: readonly Found[], said: Place, platform: Platform | undefined) {
    this.#platform = platform;
    this.#said = said;
    // A file that says both its environment and its project names the environment for what says the project only.
    const telling = [...all].sort(
      (a, b) => Number(b.place.environment !== undefined) - Number(a.place.environment !== undefined),
    );
    for (const { place } of telling) {
      const project = place.project ?? said.project;
      if (project !== undefined && !this.#byProject.has(project))
        this.#byProject.set(project, this.#nameFor(project, place));
    }
  }

  of(found: Found): string | undefined {
    const project = found.place.project ?? this.#said.project;
    if (project !== undefined) return this.#byProject.get(project);
    const hint = found.place.environment ?? this.#said.environment;
    return hint === undefined ? undefined : this.#known(hint);
  }

  #nameFor(project: string, place: Place): string {
    const { environments = {} } = this.#platform ?? {};
    const owner = Object.values(environments).find(
      (each) => each.project === project || each.aliases.projects.includes(project),
    );
    if (owner !== undefined) return owner.name;
    const word = WORDS.find(([pattern]) => pattern.test(project))?.[1];
    const taken = new Set([...this.#byProject.values(), ...Object.keys(environments)]);
    const wanted = [place.environment ?? this.#said.environment, word].map((name) => name && this.#known(name));
    return wanted.find((name) => name !== undefined && NAME.test(name) && !taken.has(name)) ?? project;
  }

  /** The environment's own name where the platform file knows this as another name of it. */
  #known(name: string): string {
    const { environments = {} } = this.#platform ?? {};
    return Object.values(environments).find((each) => each.aliases.names.includes(name))?.name ?? name;
  }
}
