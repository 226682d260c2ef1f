/**
 * A driver for every release that is under way. One that ended before its release did, since the database was away, the
 * lease was lost or a call failed, is followed by another: the release is read from the log again and goes on from there,
 * as it would after a restart. No release waits for a restart.
 */
import { isEnded, type Release } from "../../core/release/state.ts";
import { actorId, type ReleaseId } from "../../core/values/ids.ts";
import type { Problem } from "../../core/values/problem.ts";
import { ok, type Result } from "../../core/values/result.ts";
import type { DecisionStreams } from "./decision-streams.ts";
import type { DriftDesk } from "./drift-desk.ts";
import type { Places } from "./places.ts";
import { ReleaseDriver } from "./release-driver.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseStreams } from "./release-streams.ts";

/** Pauses before a release is driven again, growing while it comes to nothing. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

interface DriversParts {
  readonly ports: ReleasePorts;
  readonly streams: ReleaseStreams;
  readonly places: Places;
  readonly decisions: DecisionStreams;
  readonly driftDesk: DriftDesk;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
  /** Told of each driver that failed; its release goes on all the same. */
  readonly onFailure: (release: ReleaseId, cause: unknown) => void;
}

/** The drivers of one installation. */
export class ReleaseDrivers {
  readonly #parts: DriversParts;
  readonly #drivers = new Map<ReleaseId, ReleaseDriver>();
  readonly #driven = new Map<ReleaseId, Promise<void>>();

  constructor(parts: DriversParts) {
    this.#parts = parts;
  }

  /** The driver at work; undefined also for the moment between two. */
  of(id: ReleaseId): ReleaseDriver | undefined {
    return this.#drivers.get(id);
  }

  /** Drives a release until it has ended; nothing happens when that is done already. Resolves once the first driver is there. */
  async drive(release: Release): Promise<void> {
    const { id } = release;
    if (this.#driven.has(id) || isEnded(release)) return;
    const { promise: isBegun, resolve: begun } = Promise.withResolvers<void>();
    const driven = this.#keepDriving(id, begun).finally(() => {
      this.#driven.delete(id);
      begun();
    });
    this.#driven.set(id, driven);
    await isBegun;
  }

  /** Resolves when every driver has stopped. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#driven.values()]);
  }

  async #keepDriving(id: ReleaseId, begun: () => void): Promise<void> {
    const { ports, streams, stopping, onFailure } = this.#parts;
    let pauseMs = FIRST_PAUSE_MS;
    while (!stopping.aborted) {
      const sequence = streams.get(id)?.lastSequence;
      try {
        await this.#driveOnce(id, begun);
      } catch (cause) {
        onFailure(id, cause);
      }
      const release = streams.get(id);
      if (stopping.aborted || (release !== undefined && isEnded(release))) return;
      pauseMs = release?.lastSequence === sequence ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
      begun();
      await ports.clock.sleep(pauseMs, stopping);
      // What was appended without an answer, or by another server, is in the log only.
      await streams.reload(id).catch((cause: unknown) => onFailure(id, cause));
    }
  }

  async #driveOnce(id: ReleaseId, begun: () => void): Promise<void> {
    const { streams, stopping } = this.#parts;
    const release = streams.get(id);
    if (release === undefined || isEnded(release)) return;
    const driver = await this.#driverOf(release);
    if (!driver.ok) {
      await streams.record(id, actorId("system", ""), [
        { type: "release-ended", outcome: { kind: "failed", problem: driver.error } },
      ]);
      return;
    }
    this.#drivers.set(id, driver.value);
    begun();
    try {
      await driver.value.run(stopping);
    } finally {
      this.#drivers.delete(id);
      // The next driver finds no phase of this one at work.
      if (!stopping.aborted) await driver.value.phases.settled();
    }
  }

  async #driverOf(release: Release): Promise<Result<ReleaseDriver, Problem>> {
    const { ports, streams, places, decisions, driftDesk } = this.#parts;
    const placed = await places.of(release);
    if (!placed.ok) return placed;
    const { platform, environment } = placed.value;
    const environmentPorts = await ports.environment(platform, environment);
    return ok(
      new ReleaseDriver({
        release: release.id,
        streams,
        ports,
        environmentPorts,
        platform,
        environment,
        decisions,
        checkDrift: () => driftDesk.check({ platform, environment, environmentPorts }),
      }),
    );
  }
}
