import { buildOf } from "../../core/release/apply-event.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import type { ReleaseId } from "../../core/values/ids.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { StoredEvent } from "../../ports/event-log.ts";
import { type OpeningParts, openFromBuild } from "./open-from-build.ts";
import { answerPhase, type PhaseAnswer, type PhaseRequest } from "./phase-desk.ts";
import type { PlatformReader } from "./platform-reader.ts";
import { buildWithoutRelease } from "./problems.ts";
import type { ReleaseDriver } from "./release-driver.ts";

/** How long a step's request may be ahead of the record of its build, or of the release's next driver. */
const BUILD_KNOWN_MS = 10_000;
const POLL_MS = 20;

interface StepDeskParts extends OpeningParts {
  readonly platforms: PlatformReader;
  readonly driverOf: (id: ReleaseId) => ReleaseDriver | undefined;
  readonly follow: (id: ReleaseId, after: number, signal: AbortSignal) => AsyncIterable<StoredEvent<ReleaseEvent>>;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/** Finds the release that a build's step belongs to, or opens it, and lets its driver answer. */
export class StepDesk {
  readonly #parts: StepDeskParts;

  constructor(parts: StepDeskParts) {
    this.#parts = parts;
  }

  /**
   * Answers a step; what the phase notes meanwhile goes to `onLine`. The step may come before the record of its build is
   * written, so it waits for that a little.
   */
  async answer(
    build: string,
    request: PhaseRequest,
    onLine: (text: string) => void,
  ): Promise<Result<PhaseAnswer, Problem>> {
    const opened = await this.#openedBy(build, request.phase);
    if (!opened.ok) return opened;
    if (opened.value === "nothing-to-do") {
      return ok({ summary: "nothing to do: the environment has this already", order: { kind: "none" } });
    }
    const release = opened.value;
    const driver = release === undefined ? undefined : await this.#driverOf(release.id);
    if (release === undefined || driver === undefined || isEnded(release)) return err(buildWithoutRelease(build));
    const platform = await this.#parts.platforms.at(release.umbrellaCommit);
    if (!platform.ok) return err(platform.problems[0]);
    const answered = new AbortController();
    void this.#passNotes(release, request, onLine, answered.signal);
    try {
      return await answerPhase({ driver, platform: platform.value, ports: this.#parts.ports }, request);
    } finally {
      answered.abort();
    }
  }

  /** A driver that failed is followed by another within moments. */
  async #driverOf(id: ReleaseId): Promise<ReleaseDriver | undefined> {
    const { ports, streams, driverOf, stopping } = this.#parts;
    const deadlineMs = ports.clock.monotonicMs() + BUILD_KNOWN_MS;
    for (;;) {
      const driver = driverOf(id);
      const isGoing = streams.active().some((release) => release.id === id) && !stopping.aborted;
      if (driver !== undefined || !isGoing || ports.clock.monotonicMs() > deadlineMs) return driver;
      await ports.clock.sleep(POLL_MS, stopping);
    }
  }

  async #passNotes(
    release: Release,
    request: PhaseRequest,
    onLine: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const { event } of this.#parts.follow(release.id, release.lastSequence, signal)) {
      const isOurs = event.type === "phase-noted" && event.phase === request.phase && event.subject === request.subject;
      if (isOurs) onLine(event.text);
    }
  }

  /** The release that the build belongs to, or opens. */
  async #openedBy(build: string, phase: string): Promise<Result<Release | "nothing-to-do" | undefined, Problem>> {
    const active = this.#parts.streams.active();
    const own = active.find((candidate) => buildId(candidate) === build);
    if (own !== undefined) return ok(own);
    const isOpening = active.some((candidate) => candidate.givenBuild?.id === build);
    const known = isOpening ? undefined : await this.#releaseOf(build);
    if (known !== undefined) return ok(known);
    return openFromBuild(this.#parts, { build, phase }, this.#parts.stopping);
  }

  async #releaseOf(build: string): Promise<Release | undefined> {
    const deadlineMs = this.#parts.ports.clock.monotonicMs() + BUILD_KNOWN_MS;
    for (;;) {
      const release = this.#parts.streams.active().find((candidate) => buildId(candidate) === build);
      if (release !== undefined || this.#parts.ports.clock.monotonicMs() > deadlineMs) return release;
      if (!this.#parts.streams.active().some((candidate) => buildOf(candidate.stage).kind === "intended"))
        return undefined;
      await this.#parts.ports.clock.sleep(POLL_MS, this.#parts.stopping);
    }
  }
}

function buildId(release: Release): string | undefined {
  const build = buildOf(release.stage);
  return build.kind === "submitted" || build.kind === "ended" ? build.id : undefined;
}
