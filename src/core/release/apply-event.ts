/**
 * The only place where a release's state changes.
 *
 *   queued ─lease─▶ building ─build SUCCESS─▶ shifting ─shift ok─▶ verifying ─verify ok─▶ finishing ─▶ recording ─▶ ended
 *      │               │ build ended otherwise    │ shift failed      │ verify failed       │ failed
 *      │               ▼                          ▼                   ▼                     ▼
 *      │            restoring ◀───────────────────┴───────────────────┴─────────────────────┘
 *      └─cancel─▶ ended ◀─┘
 *
 * A queued release whose gates are closed stays queued, and a person may approve, reject or let it through. A rollback has
 * nothing to build: with the lease it is `shifting`, and it does not move traffic forward again when a check fails.
 *
 * `finishing` runs the `afterSoak` migrations. Traffic stays where it is from `finishing` on: a failure there or while
 * recording is reported, and does not move traffic back (old code would meet the new schema).
 */
import { assertNever } from "../values/assert.ts";
import type { ActorId } from "../values/ids.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { Instant } from "../values/time.ts";
import { changeCanary } from "./apply-canary-event.ts";
import { changeGates } from "./apply-gate-event.ts";
import { endPhase, startPhase } from "./apply-phase-event.ts";
import type { ReleaseEvent } from "./events.ts";
import type { BuildProgress, Release, Stage } from "./state.ts";

/** An event as the log stores it, as far as a release's state needs it. */
export interface Recorded {
  readonly event: ReleaseEvent;
  readonly at: Instant;
  readonly actor: ActorId;
  readonly sequence: number;
}

/** Why an event cannot follow here. */
export interface IllegalEvent {
  readonly event: ReleaseEvent["type"];
  readonly stage: string;
}

/** Folds one event in. Total: what is illegal gives an error, and the caller does not append it. */
export function applyEvent(release: Release | undefined, recorded: Recorded): Result<Release, IllegalEvent> {
  const { event, sequence } = recorded;
  if (release === undefined) {
    return event.type === "release-requested" ? ok(begin(event, recorded)) : err({ event: event.type, stage: "none" });
  }
  const next = release.stage.name === "ended" ? undefined : change(release, recorded);
  return next === undefined
    ? err({ event: event.type, stage: release.stage.name })
    : ok({ ...next, lastSequence: sequence });
}

/** Folds a whole stream. An illegal event in the log is a fault of ours, so it is an error here too. */
export function foldRelease(events: readonly Recorded[]): Result<Release, IllegalEvent> {
  let release: Release | undefined;
  for (const recorded of events) {
    const next = applyEvent(release, recorded);
    if (!next.ok) return next;
    release = next.value;
  }
  return release === undefined ? err({ event: "release-requested", stage: "none" }) : ok(release);
}

function begin(event: Extract<ReleaseEvent, { type: "release-requested" }>, recorded: Recorded): Release {
  return {
    id: event.release,
    plan: event.plan,
    umbrellaCommit: event.umbrellaCommit,
    trigger: event.trigger,
    requestId: event.requestId,
    ...(event.build === undefined ? {} : { givenBuild: event.build }),
    ...(event.promotedFrom === undefined ? {} : { promotedFrom: event.promotedFrom }),
    requestedBy: recorded.actor,
    requestedAt: recorded.at,
    stage: { name: "queued" },
    closedGates: [],
    approvals: [],
    exceptions: [],
    phases: [],
    images: {},
    imageSources: {},
    appliedMigrations: [],
    pinned: {},
    candidates: {},
    checks: [],
    canary: [],
    shifts: [],
    restored: {},
    lastSequence: recorded.sequence,
  };
}

function change(release: Release, recorded: Recorded): Release | undefined {
  const { event, at } = recorded;
  switch (event.type) {
    case "release-requested":
      return undefined;
    case "gates-closed":
    case "gates-opened":
    case "approved":
    case "rejected":
    case "freeze-excepted":
      return release.stage.name === "queued" ? changeGates(release, event, recorded) : undefined;
    case "lease-acquired": {
      // Taken again by a restarted server: the same release goes on under a new token.
      if (release.stage.name !== "queued") return release;
      const name = release.plan.actions.rollback === undefined ? "building" : "shifting";
      return { ...release, stage: { name, build: { kind: "none" } } };
    }
    case "build-intended":
    case "build-submitted":
    case "build-ended":
      return changeBuild(release, event);
    case "phase-started":
      return { ...release, phases: startPhase(release.phases, event, at) };
    case "phase-noted":
      return release;
    case "phase-succeeded":
    case "phase-failed":
      return endPhase(release, event, at);
    case "image-resolved":
      return {
        ...release,
        images: { ...release.images, [event.key]: event.digest },
        imageSources: { ...release.imageSources, [event.key]: event.how },
      };
    case "backed-up":
      return { ...release, backup: event.backup };
    case "migration-started":
      return release;
    case "migration-applied": {
      const { database, identifier, durationMs } = event;
      return { ...release, appliedMigrations: [...release.appliedMigrations, { database, identifier, durationMs }] };
    }
    case "cancel-requested":
      return release.cancelReason === undefined ? { ...release, cancelReason: event.reason } : release;
    case "soak-started": {
      const isFirst = release.stage.name === "verifying" && release.soakUntil === undefined;
      return isFirst ? { ...release, soakUntil: event.until } : undefined;
    }
    case "written-back":
      return event.commit === "nothing-to-write" ? release : { ...release, writeBackCommit: event.commit };
    case "release-ended":
      return { ...release, stage: { name: "ended", outcome: event.outcome, at, build: buildOf(release.stage) } };
    case "check-ended": {
      const { check, on, verdict, tries, evidence } = event;
      return { ...release, checks: [...release.checks, { check, on, verdict, tries, evidence }] };
    }
    case "canary-step-intended":
    case "canary-step-begun":
    case "canary-step-judged":
      return changeCanary(release, event, at);
    case "traffic-pinned":
    case "candidate-intended":
    case "candidate-ready":
    case "traffic-intended":
    case "traffic-shifted":
    case "traffic-restored":
      return changeService(release, event, at);
    default:
      return assertNever(event);
  }
}

type BuildEvent = Extract<ReleaseEvent, { type: "build-intended" | "build-submitted" | "build-ended" }>;

function changeBuild(release: Release, event: BuildEvent): Release | undefined {
  const { stage } = release;
  if (stage.name !== "building") return undefined;
  const { build } = stage;
  switch (event.type) {
    case "build-intended":
      return build.kind === "none"
        ? { ...release, stage: { ...stage, build: { kind: "intended", tag: event.tag } } }
        : undefined;
    case "build-submitted": {
      if (build.kind !== "intended") return undefined;
      const submitted = { kind: "submitted", tag: build.tag, id: event.build, logUrl: event.logUrl } as const;
      return { ...release, stage: { ...stage, build: submitted } };
    }
    case "build-ended": {
      if (build.kind !== "submitted") return undefined;
      const ended = { ...build, kind: "ended", status: event.status } as const;
      if (event.status === "SUCCESS") return { ...release, stage: { name: "shifting", build: ended } };
      return { ...release, stage: { name: "restoring", problem: buildProblem(release, event), build: ended } };
    }
    default:
      return assertNever(event);
  }
}

/** The phase that failed says more than the build that it ended. */
function buildProblem(release: Release, event: Extract<BuildEvent, { type: "build-ended" }>) {
  const failed = release.phases.findLast((record) => record.outcome.kind === "failed");
  if (failed?.outcome.kind === "failed") return failed.outcome.problem;
  return {
    code: "build-failed",
    severity: "error",
    summary: `Build ${event.build} of ${release.id} ended with ${event.status}.`,
    why: [event.detail === "" ? "The build says no more." : event.detail],
    fix: `Read its log: mobius logs ${release.id} --build`,
  } as const;
}

type ServiceEvent = Extract<
  ReleaseEvent,
  {
    type:
      | "traffic-pinned"
      | "candidate-intended"
      | "candidate-ready"
      | "traffic-intended"
      | "traffic-shifted"
      | "traffic-restored";
  }
>;

function changeService(release: Release, event: ServiceEvent, at: Instant): Release | undefined {
  const { service, revision } = event;
  switch (event.type) {
    case "traffic-pinned":
      // The first pin is the truth: a later one, after a crash, may see what this release itself made.
      return { ...release, pinned: { [service]: revision, ...release.pinned } };
    case "candidate-intended":
      return { ...release, candidates: { ...release.candidates, [service]: { revision, isFirst: event.isFirst } } };
    case "candidate-ready": {
      const candidate = release.candidates[service];
      if (candidate?.revision !== revision) return undefined;
      const { digest, address } = event;
      const ready = address === undefined ? { digest } : { digest, address };
      return { ...release, candidates: { ...release.candidates, [service]: { ...candidate, ready } } };
    }
    case "traffic-intended": {
      const others = release.shifts.filter((shift) => shift.service !== service);
      return { ...release, shifts: [...others, { service, revision }] };
    }
    case "traffic-shifted": {
      if (!release.shifts.some((shift) => shift.service === service)) return undefined;
      const done = { at, url: event.url };
      return { ...release, shifts: release.shifts.map((s) => (s.service === service ? { ...s, done } : s)) };
    }
    case "traffic-restored":
      return { ...release, restored: { ...release.restored, [service]: event.revision } };
    default:
      return assertNever(event);
  }
}

/** What is known of the build in any stage. */
export function buildOf(stage: Stage): BuildProgress {
  return stage.name === "queued" ? { kind: "none" } : stage.build;
}
