import type { protos } from "@google-cloud/cloudbuild";
import type { BuildConfig, BuildStatus } from "../../core/build/build-config.ts";
import { parseDuration } from "../../core/build/duration.ts";
import { buildDenied, buildRejected, refusedByBoundary } from "../../core/build/problems.ts";
import { present } from "../../core/values/assert.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok } from "../../core/values/result.ts";
import type { Builds, ObservedBuild } from "../../ports/builds.ts";
import { clientOptions, type Endpoint } from "./client-options.ts";

type GoogleBuild = protos.google.devtools.cloudbuild.v1.IBuild;

export interface BuildsOptions {
  readonly endpoint: Endpoint;
  readonly project: string;
  /** `global`, or a region. */
  readonly location: string;
  /** Email that builds run as where their configuration names none. */
  readonly serviceAccount?: string;
}

/** Numbers of google.rpc.Code that the caller can act on; everything else is thrown. */
const CODE = { invalidArgument: 3, notFound: 5, permissionDenied: 7, failedPrecondition: 9 } as const;

const FAILED: ReadonlySet<string> = new Set<BuildStatus>(["FAILURE", "TIMEOUT", "INTERNAL_ERROR"]);

/**
 * Cloud Build, embedded or Google's, through the official client in REST mode. An operation is used for nothing but the
 * new build's id: waiting and polling are the engine's, so that they survive a restart.
 */
export function createBuilds(options: BuildsOptions): Builds {
  const { endpoint, project, location, serviceAccount } = options;
  const parent = `projects/${project}/locations/${location}`;
  let connecting: ReturnType<typeof connect> | undefined;
  const client = () => {
    connecting ??= connect(endpoint);
    return connecting;
  };
  // A build that a trigger started is where its trigger is, which need not be where ours are.
  const places = [...new Set([parent, `projects/${project}/locations/global`])];
  const get = async (id: string): Promise<ObservedBuild | undefined> => {
    for (const place of places) {
      try {
        const [build] = await (await client()).getBuild({ name: `${place}/builds/${id}` });
        return observed(build);
      } catch (error) {
        if (codeOf(error) !== CODE.notFound) throw error;
      }
    }
    return undefined;
  };
  return {
    get,
    async submit(config) {
      const account =
        serviceAccount === undefined ? undefined : `projects/${project}/serviceAccounts/${serviceAccount}`;
      const build = requestOf(account === undefined ? config : { serviceAccount: account, ...config });
      try {
        const [operation] = await (await client()).createBuild({ parent, build });
        const metadata = operation.metadata as { readonly build?: { readonly id?: string | null } | null } | null;
        const id = present(metadata?.build?.id ?? undefined, "the id in the new build's operation");
        return ok(present(await get(id), `build ${id}`));
      } catch (error) {
        const problem = problemOf(error, project);
        if (problem === undefined) throw error;
        return err(problem);
      }
    },
    async findByTag(tag) {
      const query = { parent, filter: `tags="${tag}"`, pageSize: 1 };
      const [[newest]] = await (await client()).listBuilds(query, { autoPaginate: false });
      return newest === undefined ? undefined : observed(newest);
    },
    async cancel(id) {
      for (const place of places) {
        try {
          await (await client()).cancelBuild({ name: `${place}/builds/${id}` });
          return;
        } catch (error) {
          // Ended already, or never there: in both cases nothing is left to cancel.
          const code = codeOf(error);
          if (code !== CODE.failedPrecondition && code !== CODE.notFound) throw error;
        }
      }
    },
  };
}

async function connect(endpoint: Endpoint) {
  const { CloudBuildClient } = await import("@google-cloud/cloudbuild");
  // The clients' own option types name optional members without `undefined`, as ours do; the shapes are the same.
  return new CloudBuildClient((await clientOptions(endpoint)) as ConstructorParameters<typeof CloudBuildClient>[0]);
}

/** The client takes durations as messages, all else as the API's JSON has it. */
function requestOf(config: BuildConfig): GoogleBuild {
  const { timeout, queueTtl, steps, ...rest } = config;
  const request = {
    ...rest,
    ...(timeout === undefined ? {} : { timeout: durationOf(timeout) }),
    ...(queueTtl === undefined ? {} : { queueTtl: durationOf(queueTtl) }),
    steps: steps.map(({ timeout: own, ...step }) => ({
      ...step,
      ...(own === undefined ? {} : { timeout: durationOf(own) }),
    })),
  };
  // Same names and shapes; only `readonly` differs, which a copy settles.
  return JSON.parse(JSON.stringify(request)) as GoogleBuild;
}

function durationOf(text: string): { readonly seconds: number; readonly nanos: number } {
  const durationMs = parseDuration(text) ?? 0;
  const seconds = Math.trunc(durationMs / 1_000);
  return { seconds, nanos: Math.round((durationMs - seconds * 1_000) * 1_000_000) };
}

/** What `get` and `list` return is filled with defaults: empty texts, lists and maps. */
function observed(build: GoogleBuild): ObservedBuild {
  return {
    id: build.id ?? "",
    status: String(build.status) as BuildStatus,
    tags: build.tags ?? [],
    logUrl: build.logUrl ?? "",
    statusDetail: build.statusDetail ?? "",
    failedSteps: (build.steps ?? []).filter((step) => FAILED.has(String(step.status))).map((step) => step.id ?? ""),
    substitutions: build.substitutions ?? {},
    serviceAccount: build.serviceAccount ?? "",
  };
}

function problemOf(error: unknown, project: string): Problem | undefined {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === CODE.invalidArgument || code === CODE.failedPrecondition) {
    return refusedByBoundary(messageOf(message)) ?? buildRejected(message);
  }
  return code === CODE.permissionDenied ? buildDenied(project, message) : undefined;
}

/** The client puts the status before the message. */
function messageOf(text: string): string {
  return text.replace(/^\d+ [A-Z_]+: /, "");
}

function codeOf(error: unknown): number | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}
