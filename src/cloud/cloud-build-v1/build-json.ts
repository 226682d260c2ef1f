import { type Approval, type Build, buildStatus, isEnded, type StepState, stepStatus } from "../../core/build/state.ts";
import { buildTimeoutMs, queueTtlMs } from "../../core/build/validate-build.ts";
import { type Instant, toIso } from "../../core/values/time.ts";

const TYPE = "type.googleapis.com/google.devtools.cloudbuild.v1";

/** A build as the API shows it: proto3 JSON with names for enums; what is empty is left out. */
export function buildJson(build: Build, server: string): Record<string, unknown> {
  const { id, project, location, config, stage, createdAt } = build;
  const started = stage.name === "working" || stage.name === "ended" ? stage.startedAt : undefined;
  const finished = stage.name === "ended" ? stage.endedAt : undefined;
  const failure = build.ending?.failure;
  return {
    ...config,
    name: `projects/${project}/locations/${location}/builds/${id}`,
    id,
    projectId: project,
    status: buildStatus(build),
    ...(isEnded(build) && build.stage.detail !== "" ? { statusDetail: build.stage.detail } : {}),
    ...(isEnded(build) && failure !== undefined
      ? { failureInfo: { type: failure, detail: build.ending?.detail ?? "" } }
      : {}),
    createTime: toIso(createdAt),
    ...(started === undefined ? {} : { startTime: toIso(started) }),
    ...(finished === undefined ? {} : { finishTime: toIso(finished) }),
    timeout: `${buildTimeoutMs(config) / 1_000}s`,
    queueTtl: `${queueTtlMs(config) / 1_000}s`,
    substitutions: build.substitutions,
    // Step states appear when the build has ended, as on Google.
    steps: config.steps.map((step, index) => ({
      ...step,
      ...(isEnded(build) ? stepResult(build.steps[index]) : {}),
    })),
    ...(isEnded(build) ? resultsJson(build, build.stage) : {}),
    ...(started === undefined || finished === undefined ? {} : { timing: timingJson(stage, started, finished) }),
    ...(build.approval === undefined ? {} : { approval: approvalJson(build.approval) }),
    ...(build.asked?.trigger === undefined ? {} : { buildTriggerId: build.asked.trigger.id }),
    logUrl: `${server}/builds/${id}`,
    options: { ...config.options, logging: config.options?.logging ?? "CLOUD_LOGGING_ONLY" },
  };
}

type EndedStage = Extract<Build["stage"], { name: "ended" }>;

/** `results`; left out where there is nothing to say. */
function resultsJson(build: Build, { images, artifacts }: EndedStage): Record<string, unknown> {
  const ended = build.steps.map((step) => (step.name === "ended" ? step : undefined));
  const outputs = ended.map((step) => step?.output ?? "");
  const digests = ended.map((step) => step?.imageDigest ?? "");
  const results = {
    ...(images.length === 0 ? {} : { images }),
    ...(digests.some(Boolean) ? { buildStepImages: digests } : {}),
    ...(outputs.some(Boolean) ? { buildStepOutputs: outputs } : {}),
    ...(artifacts === undefined ? {} : { artifactManifest: artifacts.manifest, numArtifacts: String(artifacts.count) }),
  };
  return Object.keys(results).length === 0 ? {} : { results };
}

/** The phases that there were. */
function timingJson(stage: Build["stage"], started: Instant, finished: Instant): Record<string, unknown> {
  const pushAt = stage.name === "ended" ? stage.pushAt : undefined;
  return {
    BUILD: span(started, pushAt ?? finished),
    ...(pushAt === undefined ? {} : { PUSH: span(pushAt, finished) }),
  };
}

function approvalJson({ state, result }: Approval): Record<string, unknown> {
  return {
    state,
    config: { approvalRequired: true },
    ...(result === undefined
      ? {}
      : {
          result: {
            approverAccount: result.approver,
            approvalTime: toIso(result.at),
            decision: state,
            ...(result.comment === undefined ? {} : { comment: result.comment }),
            ...(result.url === undefined ? {} : { url: result.url }),
          },
        }),
  };
}

/** `operations/build/…` for global builds, `projects/…/operations/…` for those of a region. */
function operationName(build: Build): string {
  const opaque = Buffer.from(build.id).toString("base64url");
  if (build.location === "global") return `operations/build/${build.project}/${opaque}`;
  return `projects/${build.project}/locations/${build.location}/operations/${opaque}`;
}

/** The build id inside an operation's last segment. */
export function buildIdOf(opaque: string): string {
  return Buffer.from(opaque, "base64url").toString();
}

/** A build's creation as a long-running operation. `done` means ended: only SUCCESS has a response. */
export function operationJson(build: Build, server: string): Record<string, unknown> {
  const json = buildJson(build, server);
  const operation = {
    name: operationName(build),
    metadata: { "@type": `${TYPE}.BuildOperationMetadata`, build: json },
  };
  if (!isEnded(build)) return operation;
  if (build.stage.status === "SUCCESS") {
    return { ...operation, done: true, response: { "@type": `${TYPE}.Build`, ...json } };
  }
  const codes: Record<string, number> = { CANCELLED: 1, TIMEOUT: 4, EXPIRED: 4, INTERNAL_ERROR: 13 };
  const message = build.stage.detail === "" ? `Build ${build.id} ended with ${build.stage.status}` : build.stage.detail;
  return { ...operation, done: true, error: { code: codes[build.stage.status] ?? 2, message } };
}

function stepResult(step: StepState | undefined): Record<string, unknown> {
  if (step === undefined) return {};
  if (step.name !== "ended") return { status: stepStatus(step) };
  const { outcome } = step;
  return {
    status: stepStatus(step),
    timing: span(step.startedAt, step.endedAt),
    ...(outcome.kind === "exited" && outcome.code !== 0 ? { exitCode: outcome.code } : {}),
  };
}

function span(from: Instant, to: Instant): { readonly startTime: string; readonly endTime: string } {
  return { startTime: toIso(from), endTime: toIso(to) };
}
