import type { NetworkNamespace } from "../adapters/executors/network-namespace.ts";
import type { Sandbox } from "../adapters/executors/sandbox.ts";
import type { Installation } from "../adapters/identity/installation.ts";
import type { Store } from "../adapters/store/store.ts";
import type { ExecutorKind } from "../cli/command-context.ts";
import type { SecretStore } from "../cloud/secret-manager-v1/secret-store.ts";
import type { People } from "../ports/people.ts";
import type { Supervisors } from "../ports/processes.ts";
import type { Programs } from "./programs.ts";
import type { StatePaths } from "./state-paths.ts";

/** What a server is started with. */
export interface ServerRequest {
  readonly stateDirectory: string;
  /** The umbrella's folder, absolute. */
  readonly directory: string;
  readonly port: number;
  /** The user's own PostgreSQL instead of the embedded one. */
  readonly databaseUrl?: string;
  readonly searchPath: string;
  /** What runs the steps of builds. */
  readonly executor: ExecutorKind;
  /** Where a Docker Engine would listen. */
  readonly dockerSocket: string;
  /** Receivers of notifications that may be inside the machine or its networks: `host:port`, with commas or spaces. */
  readonly receivers: string;
  /** Whose pushes about builds are taken besides those with our own tokens: empty texts for nobody's. */
  readonly push: { readonly audience: string; readonly account: string };
  /** Where releases find the embedded cloud, if not at this server's own address. */
  readonly cloudUrl?: string;
  readonly person: string;
  readonly log: (line: string) => void;
  /** Called at each point at which a crash matters. */
  readonly reach: (point: string) => void;
  /** Called before work is taken: the demo puts its secrets and its people in. */
  readonly prepare?: (parts: { readonly secrets: SecretStore; readonly people: People }) => Promise<void>;
}

export interface RunningServer {
  readonly url: string;
  readonly makeLink: () => string;
  readonly stop: () => Promise<void>;
}

/** What all parts share. */
export interface Foundation {
  readonly request: ServerRequest;
  readonly installation: Installation;
  readonly paths: StatePaths;
  readonly store: Store;
  readonly supervisors: Supervisors;
  readonly programs: Programs;
  /** What keeps a build's steps to their own build, where the machine has it. */
  readonly sandbox: Sandbox | "none";
  /** What keeps it to its environment's network. */
  readonly namespace: NetworkNamespace;
}
