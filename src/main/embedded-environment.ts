/** One embedded environment: its own PostgreSQL cluster, and Google's clients pointed at the server's own endpoints. */

import { createDatabases } from "../adapters/database/databases.ts";
import { createKeptBackups } from "../adapters/database/kept-backups.ts";
import { createBuilds } from "../adapters/google/builds.ts";
import { createRequestMetrics } from "../adapters/google/request-metrics.ts";
import { createSecrets } from "../adapters/google/secrets.ts";
import { createServices } from "../adapters/google/services.ts";
import { type Cluster, openCluster, openCopy } from "../adapters/postgres/open-cluster.ts";
import { databaseUrlSecret } from "../core/plan/intended-service.ts";
import { type Environment, serviceAccount } from "../core/platform/platform.ts";
import { present } from "../core/values/assert.ts";
import type { Problem } from "../core/values/problem.ts";
import { ok, type Result } from "../core/values/result.ts";
import { Secret } from "../core/values/secret.ts";
import type { EnvironmentPorts } from "../engine/releases/release-ports.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Databases } from "../ports/databases.ts";
import type { Identities } from "../ports/identities.ts";
import type { ImageTexts } from "../ports/image-texts.ts";
import type { Images } from "../ports/images.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { StatePaths } from "./state-paths.ts";

/** Longest life of a token; the environment is made anew before it ends. */
export const IDENTITY_TTL_MS = 24 * 60 * 60 * 1_000;

export interface EmbeddedOptions {
  readonly environment: Environment;
  readonly serverUrl: string;
  readonly images: Images;
  readonly imageTexts: ImageTexts;
  readonly identities: Identities;
  readonly addressOf: (service: string, tag?: string) => Promise<string>;
  readonly paths: StatePaths;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface EmbeddedEnvironment {
  readonly ports: EnvironmentPorts;
  readonly cluster: Cluster;
  /** Makes the databases whose passwords have been set since; cheap when there are none left to make. */
  readonly complete: () => Promise<void>;
}

/**
 * Opens the environment: starts or adopts its cluster, makes the databases that it declares, and keeps the secrets with
 * their URLs. A database whose password secret is missing is left out, and a plan that needs it says so.
 */
export async function openEmbeddedEnvironment(options: EmbeddedOptions): Promise<Result<EmbeddedEnvironment, Problem>> {
  const { environment, paths, clock, ids, serverUrl, images, imageTexts } = options;
  const opened = await openCluster({
    directory: paths.environmentCluster(environment.name),
    name: environment.name,
    clock,
    ids,
  });
  if (!opened.ok) return opened;
  const cluster = opened.value;
  const { project, region } = environment;
  const endpointFor = async (identity: keyof Environment["identities"]) => {
    const email = serviceAccount(environment, identity);
    const caller = { kind: "identity", email, environment: environment.name, project } as const;
    const token = new Secret(await options.identities.issue(caller, IDENTITY_TTL_MS));
    return { kind: "embedded", url: serverUrl, token, project } as const;
  };
  const deploy = await endpointFor("deploy");
  const secrets = createSecrets({ endpoint: await endpointFor("migrate"), project });
  const databases = createDatabases({
    cluster,
    backupsDirectory: paths.backups(environment.name),
    clock,
    ids,
    openCopy: async (directory: string) => {
      const copy = await openCopy({
        directory,
        name: `${environment.name} backup`,
        clock,
        ids,
        password: cluster.superuser.password,
      });
      if (!copy.ok) throw new Error(copy.error.summary);
      return copy.value;
    },
  });
  let isComplete = await provision(environment, databases, secrets);
  return ok({
    cluster,
    async complete() {
      if (!isComplete) isComplete = await provision(environment, databases, secrets);
    },
    ports: {
      builds: createBuilds({
        endpoint: deploy,
        project,
        location: region,
        serviceAccount: serviceAccount(environment, "build"),
      }),
      services: createServices({ endpoint: deploy, project, region, addressOf: options.addressOf, clock }),
      requestMetrics: createRequestMetrics({ endpoint: deploy, project, region }),
      backups: createKeptBackups(paths.backups(environment.name)),
      deployTokens: {
        async issue(services, ttlMs) {
          const email = serviceAccount(environment, "deploy");
          const caller = { kind: "identity", email, environment: environment.name, project, services } as const;
          return new Secret(await options.identities.issue(caller, ttlMs));
        },
      },
      secrets,
      images,
      imageTexts,
      databases,
    },
  });
}

/** Whether every database that the environment declares is there. */
async function provision(environment: Environment, databases: Databases, secrets: Secrets): Promise<boolean> {
  const known = await Promise.all(
    Object.values(environment.databases).map(async ({ name, user, passwordSecret }) => {
      const version = await secrets.latestVersion(passwordSecret);
      if (version === undefined) return [];
      const password = present(
        await secrets.access(passwordSecret, version),
        `version ${version} of ${passwordSecret}`,
      );
      return [{ name, user, password }];
    }),
  );
  const declared = known.flat();
  await databases.provision(declared);
  for (const { name, user, password } of declared) {
    await secrets.put(databaseUrlSecret(name), databases.url(name, user, password));
  }
  return declared.length === Object.keys(environment.databases).length;
}
