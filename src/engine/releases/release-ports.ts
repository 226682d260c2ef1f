/**
 * What the driver of releases needs of the outside: the ports, per installation and per environment. Composition roots
 * fill this in; begin with `ReleasePorts`.
 */
import type { Environment, Platform } from "../../core/platform/platform.ts";

import type { Secret } from "../../core/values/secret.ts";

import type { Backups } from "../../ports/backups.ts";
import type { Builds } from "../../ports/builds.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Databases } from "../../ports/databases.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { ImageTexts } from "../../ports/image-texts.ts";
import type { Images } from "../../ports/images.ts";
import type { Leases } from "../../ports/leases.ts";
import type { People } from "../../ports/people.ts";
import type { Probe } from "../../ports/probe.ts";
import type { RequestMetrics } from "../../ports/request-metrics.ts";
import type { Scripts } from "../../ports/scripts.ts";
import type { Secrets } from "../../ports/secrets.ts";
import type { Services } from "../../ports/services.ts";
import type { RepositoryUrl, Source, WriteBack } from "../../ports/source.ts";

/** What a build that a trigger started asks for. */
export interface BuildRequest {
  readonly manifestPath: string;
  /** A commit, branch or tag of the umbrella; absent for the head of its main branch. */
  readonly umbrellaRef?: string;
  /** The project in which it runs: it releases to this one's environment only. */
  readonly project: string;
  /** The trigger's id. */
  readonly trigger: string;
  readonly logUrl: string;
}

export interface ReleasePorts {
  /** What a build asks for that no release has started; undefined for one that asks for none. */
  readonly buildRequest: (build: string) => Promise<BuildRequest | undefined>;
  /** Ends a build that has nothing to do; the reason stands in its log. */
  readonly endBuild: (build: string, reason: string) => Promise<void>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly eventLog: EventLog;
  readonly leases: Leases;
  readonly people: People;
  readonly source: Source;
  readonly writeBack: WriteBack;
  readonly probe: Probe;
  readonly scripts: Scripts;
  /** The umbrella's repository: its origin, or its folder. */
  readonly umbrella: RepositoryUrl;
  /** Where steps push images; part of their orders. */
  readonly registryUrl: string;
  /** The absolute URL or folder of a repository, as another process on this machine reaches it. */
  readonly reachableUrl: (url: RepositoryUrl) => string;
  readonly environment: (platform: Platform, environment: Environment) => Promise<EnvironmentPorts>;
  /** Called at each point at which a crash matters; a campaign or a test ends the process there. */
  readonly reach: (point: string) => void;
}

export interface EnvironmentPorts {
  readonly builds: Builds;
  readonly services: Services;
  readonly secrets: Secrets;
  readonly images: Images;
  readonly imageTexts: ImageTexts;
  readonly databases: Databases;
  readonly requestMetrics: RequestMetrics;
  readonly deployTokens: DeployTokens;
  readonly backups: Backups;
}

/** Tokens for modules' own scripts: good for the services named and for a while, and for moving no traffic. */
export interface DeployTokens {
  issue(services: readonly string[], ttlMs: number): Promise<Secret>;
}
