import { type Build, isEnded } from "../../core/build/state.ts";
import type { BuildDependencies } from "./build-dependencies.ts";
import { type BuildDriver, driveBuild } from "./build-driver.ts";
import { createBuildSlots } from "./build-slots.ts";
import { type BuildStream, loadBuild, openStream } from "./build-stream.ts";

/** Ended builds that are kept in memory; older ones are read again. */
const MAX_REMEMBERED = 1_000;
const DEFAULT_CONCURRENT_BUILDS = 4;
/** A build whose driver broke this often is left to the next start. The pauses between double. */
const MAX_FAULTS = 8;
const FAULT_PAUSE_MS = 250;

/** The builds that are being driven, and what is known of the others. */
export interface BuildRegistry {
  drive(stream: BuildStream, origin: "new" | "recovered"): void;
  /** Undefined for a build that has ended, or is not known. */
  driver(id: string): BuildDriver | undefined;
  drivers(): readonly BuildDriver[];
  get(id: string): Promise<Build | undefined>;
  onBuildEnded(listener: (build: Build) => void): () => void;
  /** Abandons every build that has not ended. */
  close(): Promise<void>;
}

/** A registry with nothing in it. */
export function createBuildRegistry(deps: BuildDependencies): BuildRegistry {
  const slots = createBuildSlots(deps.concurrentBuilds ?? DEFAULT_CONCURRENT_BUILDS);
  const drivers = new Map<string, BuildDriver>();
  const remembered = new Map<string, Build>();
  const listeners = new Set<(build: Build) => void>();
  let isClosed = false;

  const settle = (build: Build) => {
    drivers.delete(build.id);
    if (!isEnded(build)) return;
    remember(remembered, build);
    for (const listener of [...listeners]) listener(build);
  };

  const drive = (stream: BuildStream, origin: "new" | "recovered", faults = 0) => {
    const { id } = stream.state;
    const driver = driveBuild({ deps, slots, stream, origin });
    drivers.set(id, driver);
    driver.done.then(
      () => settle(stream.state),
      (fault: unknown) => {
        deps.onFault?.(id, fault);
        return driveAgain(id, faults + 1);
      },
    );
  };

  /** As after a restart: from what the event log has. A log that does not answer is asked again, with patience. */
  const driveAgain = async (id: string, faults: number): Promise<void> => {
    const isWanted = () => drivers.has(id) && !isClosed && faults <= MAX_FAULTS;
    if (isWanted()) await deps.clock.sleep(FAULT_PAUSE_MS * 2 ** (faults - 1));
    if (!isWanted()) {
      drivers.delete(id);
      return;
    }
    try {
      const build = await loadBuild(deps.eventLog, id);
      if (build !== undefined && !isEnded(build)) drive(openStream(deps, build), "recovered", faults);
      else if (build !== undefined) settle(build);
    } catch (fault) {
      deps.onFault?.(id, fault);
      await driveAgain(id, faults + 1);
    }
  };

  return {
    drive: (stream, origin) => drive(stream, origin),
    async close() {
      isClosed = true;
      await Promise.all([...drivers.values()].map((driver) => driver.abandon()));
    },
    driver: (id) => drivers.get(id),
    drivers: () => [...drivers.values()],
    async get(id) {
      const known = drivers.get(id)?.stream.state ?? remembered.get(id);
      if (known !== undefined) return known;
      const build = await loadBuild(deps.eventLog, id);
      if (build !== undefined && isEnded(build)) remember(remembered, build);
      return build;
    },
    onBuildEnded(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function remember(remembered: Map<string, Build>, build: Build): void {
  remembered.set(build.id, build);
  const oldest = remembered.keys().next();
  if (remembered.size > MAX_REMEMBERED && oldest.done !== true) remembered.delete(oldest.value);
}
