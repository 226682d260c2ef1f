import { join } from "node:path";

/** Where an installation keeps everything, beneath its state directory. */
export interface StatePaths {
  readonly root: string;
  readonly serverCluster: string;
  readonly environmentCluster: (environment: string) => string;
  readonly registry: string;
  readonly unpacked: string;
  readonly mirrors: string;
  readonly writeBack: string;
  readonly builds: string;
  /** Sources that were uploaded for builds. */
  readonly uploads: string;
  readonly instances: string;
  readonly scripts: string;
  readonly backups: (environment: string) => string;
  /** Settings and tokens of tools that `mobius env` points at an environment. */
  readonly tools: string;
  /** Tokens of people who share this account, one file each, by which a command acts as one of them. */
  readonly people: string;
  /** The end of the audit log, outside the database. */
  readonly auditCheckpoint: string;
  /** Programs that steps find on their PATH: `mobius` and `node`. */
  readonly programs: string;
}

/** The state directory: `$MOBIUS_STATE_DIR`, or `mobius` beneath the user's state folder. */
export function stateDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const { MOBIUS_STATE_DIR, XDG_STATE_HOME, HOME } = environment;
  return MOBIUS_STATE_DIR || join(XDG_STATE_HOME || join(HOME || "/", ".local", "state"), "mobius");
}

/** The folders of a state directory. */
export function statePaths(root: string): StatePaths {
  return {
    root,
    serverCluster: join(root, "postgres", "server"),
    environmentCluster: (environment) => join(root, "postgres", `env-${environment}`),
    registry: join(root, "registry"),
    unpacked: join(root, "unpacked"),
    mirrors: join(root, "mirrors"),
    writeBack: join(root, "write-back"),
    builds: join(root, "builds"),
    uploads: join(root, "uploads"),
    instances: join(root, "instances"),
    scripts: join(root, "scripts"),
    backups: (environment) => join(root, "backups", environment),
    tools: join(root, "tools"),
    people: join(root, "people"),
    auditCheckpoint: join(root, "audit-checkpoint"),
    programs: join(root, "programs"),
  };
}
