/**
 * What the steps of one build may reach: addresses of this machine that belong to the build's own environment, and the
 * places outside that it allows. Addresses may be added while the build runs. Begin with `BuildNetwork`.
 */
import type { Destination } from "../core/platform/destinations.ts";

export interface BuildNetwork {
  /** The environment that the build's project belongs to. */
  readonly environment: string;
  /** Code of a repository runs for it only where the kernel keeps the boundary. */
  readonly isProtected: boolean;
  /** Ports of 127.0.0.1 that are the build's to reach, as of now. */
  ports(): readonly number[];
  /** Called with every port that is added from now on, and waited for before anybody hears of it. Gives the end of that. */
  onPort(listener: (port: number) => Promise<void>): () => void;
  /** Whether a place outside this machine is the build's to reach. */
  allows(destination: Destination & { readonly port: number }): boolean;
}

/** The network of a project's builds; `host` for a project that belongs to no environment. */
export type NetworkOf = (project: string) => Promise<BuildNetwork | "host">;
