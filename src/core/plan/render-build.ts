import { stringify } from "yaml";
import type { BuildConfig, BuildStep } from "../build/build-config.ts";
import { artifactOf, type Environment, type Module, type Platform, serviceAccount } from "../platform/platform.ts";
import { isProtected, takesDigestsOnly } from "../platform/protection.ts";

/** A whole release's build: as long as its slowest image, and never longer than this. */
const BUILD_TIMEOUT = "3600s";

/** Ids of the steps that every release has; the module and image steps stand between them. */
const STEP = {
  checkout: "Checkout umbrella repo",
  load: "Load release manifest",
  backUp: "Back up",
  migrate: "Migrate",
  rehearse: "Rehearse",
  verify: "Verify candidates",
} as const;

/**
 * The Cloud Build configuration of an environment's releases. It depends on the platform file alone: which images and
 * services a release really touches is the plan's, and a step with nothing to do says so and ends. The same file runs
 * on the embedded engine and on Google Cloud Build. An environment that takes digests only builds nothing, and in a
 * protected one no module's script runs: the product deploys there itself.
 */
export function renderBuild(request: {
  readonly platform: Platform;
  readonly environment: Environment;
  /** Default of `_RELEASE_MANIFEST`. */
  readonly manifestFile: string;
}): BuildConfig {
  const { platform, environment, manifestFile } = request;
  const images = imageSteps(platform, environment);
  const modules = moduleSteps(platform, environment);
  return {
    steps: [
      phaseStep({ id: STEP.checkout, args: ["checkout"], waitFor: ["-"] }),
      phaseStep({ id: STEP.load, args: ["load", "${_RELEASE_MANIFEST}"], waitFor: [STEP.checkout] }),
      ...images,
      phaseStep({ id: STEP.backUp, args: ["back-up"], waitFor: [STEP.load, ...images.map(idOf)] }),
      phaseStep({ id: STEP.migrate, args: ["migrate"], waitFor: [STEP.backUp] }),
      ...modules,
      phaseStep({ id: STEP.rehearse, args: ["rehearse"], waitFor: modules.map(idOf) }),
      phaseStep({ id: STEP.verify, args: ["verify-candidates"], waitFor: [STEP.rehearse] }),
    ],
    substitutions: {
      _RELEASE_MANIFEST: manifestFile,
      _MOBIUS_IMAGE: `gcr.io/${environment.project}/mobius`,
    },
    options: { logging: "CLOUD_LOGGING_ONLY" },
    timeout: BUILD_TIMEOUT,
    serviceAccount: `projects/${environment.project}/serviceAccounts/${serviceAccount(environment, "build")}`,
  };
}

/** The configuration as the text of `cloudbuild.<environment>.yaml`. */
export function buildConfigText(config: BuildConfig, environment: string): string {
  const header = [
    `# Releases a manifest to ${environment}. Made by: mobius render <manifest> > cloudbuild.${environment}.yaml`,
    "# Edit it where you need more steps; the steps named here are what a release waits for.",
    "",
  ].join("\n");
  return header + stringify(config, { lineWidth: 100, defaultStringType: "PLAIN", defaultKeyType: "PLAIN" });
}

function imageSteps(platform: Platform, environment: Environment): readonly BuildStep[] {
  if (takesDigestsOnly(environment)) return [];
  return Object.values(platform.images)
    .filter((entry) => entry.kind === "built" && scriptOf(platform.modules[entry.module], environment) === undefined)
    .map((entry) => phaseStep({ id: `Build image ${entry.name}`, args: ["build", entry.name], waitFor: [STEP.load] }));
}

/** A script of the module's own that releases to the environment run. */
function scriptOf(module: Module | undefined, environment: Environment): string | undefined {
  return isProtected(environment) ? undefined : module?.script;
}

function moduleSteps(platform: Platform, environment: Environment): readonly BuildStep[] {
  const modules = new Set(
    Object.values(platform.services).map((service) => artifactOf(platform, service.image).module),
  );
  return Object.values(platform.modules)
    .filter((module) => modules.has(module.name))
    .map((module) => {
      const id = `Build & deploy ${module.name}`;
      const script = scriptOf(module, environment);
      if (script === undefined) return phaseStep({ id, args: ["candidate", module.name], waitFor: [STEP.migrate] });
      // A script may do anything once, so this step does not claim that it can be repeated after a crash.
      return {
        id,
        name: "${_MOBIUS_IMAGE}",
        entrypoint: "bash",
        args: ["-c", `exec mobius phase script ${module.name} ./${scriptPath(module.path, script)} "$$MANIFEST_PATH"`],
        env: ["MANIFEST_PATH=${_RELEASE_MANIFEST}"],
        waitFor: [STEP.migrate],
      };
    });
}

function scriptPath(modulePath: string, script: string): string {
  return modulePath === "." ? script : `${modulePath}/${script}`;
}

function phaseStep(step: { id: string; args: readonly string[]; waitFor: readonly string[] }): BuildStep {
  return {
    id: step.id,
    name: "${_MOBIUS_IMAGE}",
    args: ["phase", ...step.args],
    env: ["MOBIUS_IDEMPOTENT=1"],
    waitFor: step.waitFor,
  };
}

function idOf(step: BuildStep): string {
  return step.id ?? "";
}
