/**
 * Where a build's steps ask for phases. Work on the environment is done here, by the server; work in the step's own
 * workspace is given back as an order, and its outcome comes in as a report.
 */
import { buildKeyTag } from "../../core/plan/build-key.ts";
import type { PlannedBuild } from "../../core/plan/plan.ts";
import { artifactOf, type Platform } from "../../core/platform/platform.ts";
import type { PhaseName } from "../../core/release/events.ts";
import { phaseRecord, type Release } from "../../core/release/state.ts";
import { assert, present } from "../../core/values/assert.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { StepWorkOrder, StepWorkReport } from "../../ports/step-work.ts";
import { servicesOfModule } from "./phases/script.ts";
import { phaseUnknown, reportRefused } from "./problems.ts";
import type { ReleaseDriver } from "./release-driver.ts";
import type { ReleasePorts } from "./release-ports.ts";

/** The phases that a step may ask for. The others are the server's own. */
const OF_STEPS: readonly PhaseName[] = [
  "checkout",
  "load",
  "build",
  "back-up",
  "migrate",
  "script",
  "candidate",
  "rehearse",
  "verify-candidates",
];

/** As long as a build step may take on Cloud Build unless told otherwise. */
const SCRIPT_TOKEN_MS = 60 * 60 * 1_000;

export interface PhaseRequest {
  readonly phase: string;
  readonly subject?: string;
  /** With phase `report`: what came of an order. */
  readonly report?: StepWorkReport;
}

/** A phase that went well: one line, and what is left to the step. */
export interface PhaseAnswer {
  readonly summary: string;
  readonly order: StepWorkOrder;
}

export interface Desk {
  readonly driver: ReleaseDriver;
  readonly platform: Platform;
  readonly ports: ReleasePorts;
}

/** Answers one request of a step of the release's build. */
export async function answerPhase(desk: Desk, request: PhaseRequest): Promise<Result<PhaseAnswer, Problem>> {
  const { driver } = desk;
  if (request.phase === "report") return takeReport(desk, request.report ?? { kind: "none" });
  const phase = OF_STEPS.find((name) => name === request.phase);
  if (phase === undefined) return err(phaseUnknown(request.phase, OF_STEPS));
  if (phase === "build") return orderImage(desk, request.subject ?? "");
  const subject = phase === "candidate" || phase === "script" ? request.subject : undefined;
  const outcome = await driver.phases.run({ phase, ...(subject === undefined ? {} : { subject }) });
  if (!outcome.ok) return outcome;
  const order = phase === "script" ? await scriptOrder(desk, subject ?? "") : orderOf(desk, phase);
  return ok({ summary: outcome.value, order });
}

/** The token is made anew for each that asks: nothing keeps it. */
async function scriptOrder({ driver, platform, ports }: Desk, module: string): Promise<StepWorkOrder> {
  const { project, region, environment: name } = driver.release.plan;
  const environment = present(platform.environments[name], `environment ${name}`);
  const { deployTokens } = await ports.environment(platform, environment);
  const services = servicesOfModule(platform, module).map(({ name }) => name);
  const token = await deployTokens.issue(services, SCRIPT_TOKEN_MS);
  return { kind: "run-script", module, project, region, token: token.reveal() };
}

function orderOf({ driver, ports }: Desk, phase: PhaseName): StepWorkOrder {
  const { plan, umbrellaCommit } = driver.release;
  if (phase === "checkout") {
    const url = ports.reachableUrl(ports.umbrella);
    return { kind: "checkout", repositories: [{ url, commit: umbrellaCommit, path: "." }] };
  }
  if (phase !== "load") return { kind: "none" };
  const modules = plan.actions.commits.filter((commit) => commit.repository !== ports.umbrella);
  return {
    kind: "checkout",
    repositories: modules.map(({ repository, commit, path }) => ({
      url: ports.reachableUrl(repository),
      commit,
      path,
    })),
  };
}

async function orderImage(desk: Desk, image: string): Promise<Result<PhaseAnswer, Problem>> {
  const { driver, platform, ports } = desk;
  const name = platform.images[image] === undefined ? image : artifactOf(platform, image).name;
  const build = driver.release.plan.actions.builds.find((candidate) => candidate.image === name);
  if (build === undefined) return ok({ summary: "not part of this release", order: { kind: "none" } });
  await driver.record({ type: "phase-started", phase: "build", subject: name });
  ports.reach("phase:build");
  const digest = build.state.kind === "present" ? build.state.digest : driver.release.images[build.key];
  if (digest === undefined) return ok({ summary: `build key ${build.key}`, order: buildOrder(desk, build) });
  const reference = `${build.repository}@${digest}`;
  const summary = `present as ${reference}`;
  const events = [{ type: "phase-succeeded", phase: "build", subject: name, summary }] as const;
  if (driver.release.images[build.key] === undefined) {
    await driver.record({ type: "image-resolved", key: build.key, image: name, digest, how: "present" }, ...events);
  } else {
    await driver.record(...events);
  }
  return ok({ summary, order: { kind: "image-present", image: name, reference } });
}

function buildOrder({ driver, platform, ports }: Desk, build: PlannedBuild): StepWorkOrder {
  const entry = artifactOf(platform, build.image);
  const module = present(platform.modules[entry.module], `module ${entry.module}`);
  const commit = commitOf(driver.release, entry.module);
  const recipe = entry.build;
  assert(recipe.kind === "source", `planRelease refuses a ${recipe.kind} build, which ${build.image} is`);
  return {
    kind: "build-image",
    image: build.image,
    modulePath: module.path,
    include: recipe.include,
    inputPaths: module.inputs.map((input) =>
      input.kind === "umbrella" ? input.path : (platform.modules[input.module]?.path ?? input.module),
    ),
    command: recipe.command,
    labels: { "org.mobius.build-key": build.key, "org.mobius.commit": commit, "org.mobius.module": entry.module },
    repository: build.repository,
    tags: [buildKeyTag(build.key), ...build.tags],
    registryUrl: ports.registryUrl,
  };
}

function commitOf(release: Release, module: string): string {
  return present(
    release.plan.actions.commits.find((commit) => commit.module === module),
    `commit of ${module}`,
  ).commit;
}

async function takeReport(desk: Desk, report: StepWorkReport): Promise<Result<PhaseAnswer, Problem>> {
  const { driver } = desk;
  const done = { summary: "noted", order: { kind: "none" } } as const;
  if (report.kind === "none") return ok(done);
  if (report.kind === "failed") {
    const phase = OF_STEPS.find((name) => name === report.phase) ?? "build";
    const place = { phase, ...(report.subject === undefined ? {} : { subject: report.subject }) };
    if (phaseRecord(driver.release, phase, report.subject)?.outcome.kind === "failed") return ok(done);
    await driver.record(
      { type: "phase-started", ...place },
      { type: "phase-failed", ...place, problem: report.problem },
    );
    return ok(done);
  }
  const build = driver.release.plan.actions.builds.find((candidate) => candidate.image === report.image);
  // Sent again, since the answer to the first was lost.
  if (build !== undefined && driver.release.images[build.key] === report.digest) return ok(done);
  const running = driver.release.phases.find((record) => record.phase === "build" && record.subject === report.image);
  if (build === undefined || running?.outcome.kind !== "running") return err(reportRefused(report.image));
  const place = { phase: "build", subject: report.image } as const;
  await driver.record(
    { type: "image-resolved", key: build.key, image: report.image, digest: report.digest, how: "built" },
    { type: "phase-succeeded", ...place, summary: report.reference },
  );
  return ok(done);
}
