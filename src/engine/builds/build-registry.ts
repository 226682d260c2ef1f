import { type Build, isEnded } from "../../core/build/state.ts";
import type { BuildDependencies } from "./build-dependencies.ts";
import { type BuildDriver, driveBuild } from "./build-driver.ts";
import { createBuildSlots } from "./build-slots.ts";
import { type BuildStream, loadBuild } from "./build-stream.ts";

/** Ended builds that are kept in memory; older ones are read again. */
const MAX_REMEMBERED = 1_000;
const DEFAULT_CONCURRENT_BUILDS = 4;

/** The builds that are being driven, and what is known of the others. */
export interface BuildRegistry {
  drive(stream: BuildStream, origin: "new" | "recovered"): void;
  /** Undefined for a build that has ended, or is not known. */
  driver(id: string): BuildDriver | undefined;
  drivers(): readonly BuildDriver[];
  get(id: string): Promise<Build | undefined>;
  onBuildEnded(listener: (build: Build) => void): () => void;
}

/** A registry with nothing in it. */
export function createBuildRegistry(deps: BuildDependencies): BuildRegistry {
  const slots = createBuildSlots(deps.concurrentBuilds ?? DEFAULT_CONCURRENT_BUILDS);
  const drivers = new Map<string, BuildDriver>();
  const remembered = new Map<string, Build>();
  const listeners = new Set<(build: Build) => void>();

  const settle = (build: Build) => {
    drivers.delete(build.id);
    if (!isEnded(build)) return;
    remember(remembered, build);
    for (const listener of [...listeners]) listener(build);
  };

  return {
    drive(stream, origin) {
      const driver = driveBuild({ deps, slots, stream, origin });
      drivers.set(stream.state.id, driver);
      driver.done.catch((fault: unknown) => deps.onFault?.(stream.state.id, fault)).finally(() => settle(stream.state));
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
