import type { BuildConfig, BuildStatus } from "../core/build/build-config.ts";
import { buildRejected } from "../core/build/problems.ts";
import { applySubstitutions } from "../core/build/substitutions.ts";
import { validateBuild } from "../core/build/validate-build.ts";
import { err, ok } from "../core/values/result.ts";
import type { Builds, ObservedBuild } from "./builds.ts";

/** Builds in memory, with what a test needs to make them end. */
export interface FakeBuilds extends Builds {
  /** Moves a build on; an ended one stays as it is. */
  settle(id: string, status: BuildStatus, statusDetail?: string): void;
  readonly submitted: readonly BuildConfig[];
}

/** A Cloud Build that checks configurations by its rules and runs nothing: builds wait until `settle`. */
export function createFakeBuilds(options: { readonly project?: string } = {}): FakeBuilds {
  const project = options.project ?? "mobius-staging";
  const builds = new Map<string, ObservedBuild>();
  const submitted: BuildConfig[] = [];
  const settle = (id: string, status: BuildStatus, statusDetail = "") => {
    const build = builds.get(id);
    if (build !== undefined && (build.status === "QUEUED" || build.status === "WORKING")) {
      builds.set(id, { ...build, status, statusDetail });
    }
  };
  return {
    submitted,
    settle,
    async submit(config) {
      const valid = validateBuild(config);
      if (!valid.ok) return err(buildRejected(valid.error));
      const replaced = applySubstitutions({ config, builtIns: { PROJECT_ID: project }, origin: "manual" });
      if (!replaced.ok) return err(buildRejected(replaced.complaints.join(";")));
      submitted.push(config);
      const id = `00000000-0000-4000-8000-${String(builds.size + 1).padStart(12, "0")}`;
      const build: ObservedBuild = {
        id,
        status: "QUEUED",
        tags: replaced.value.config.tags ?? [],
        logUrl: `http://127.0.0.1/builds/${id}`,
        statusDetail: "",
        failedSteps: [],
        substitutions: config.substitutions ?? {},
        serviceAccount: config.serviceAccount ?? "",
      };
      builds.set(id, build);
      return ok(build);
    },
    get: async (id) => builds.get(id),
    findByTag: async (tag) => [...builds.values()].reverse().find((build) => build.tags.includes(tag)),
    cancel: async (id) => settle(id, "CANCELLED"),
  };
}
