/**
 * A build's supervisor, put into the network that the build's environment allows it, and what each step is told and
 * refused where this machine cannot do that. Begin with `openEnclosed`.
 */
import { appendFileSync } from "node:fs";
import { boundaryNotEnforced, refusalLine } from "../../core/build/problems.ts";
import type { BuildNetwork, NetworkOf } from "../../ports/build-network.ts";
import type { Supervisor, SupervisorRequest, Supervisors } from "../../ports/processes.ts";
import type { StepOrder } from "../../ports/step-executor.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** Where builds get their networks; without it there is no boundary to keep, and none is spoken of. */
export interface NetworkOptions {
  readonly namespace: NetworkNamespace;
  readonly networkOf: NetworkOf;
  /** PATH on which the commands of a namespace are found. */
  readonly path: string;
  /** Where a Docker Engine listens that this user may use, links followed: whoever reaches it can leave every namespace. */
  readonly dockerSocket?: string;
}

/** What is said of a step's network, and to whom it is refused. */
export interface StepBoundary {
  /** The network of the environment; undefined for a build of none. */
  readonly network: BuildNetwork | undefined;
  /** Writes what a step's log must say of the gap that is left; a refusal is why it must not run with it. */
  readonly admit: (order: StepOrder, gap: StepGap) => string | undefined;
}

/** What is not kept of the environment's boundary for a step. */
export interface StepGap {
  readonly what: string | undefined;
  /** `ours`: this installation's own program. */
  readonly runs: "ours" | "repository-code";
}

export interface EnclosedSupervisor {
  readonly supervisor: Supervisor;
  readonly boundary: StepBoundary;
}

/** Opens the supervisor in the build's network where there is one, with `wrap` inside it. */
export async function openEnclosed(
  supervisors: Supervisors,
  request: SupervisorRequest,
  { project, options }: { readonly project: string; readonly options: NetworkOptions | undefined },
): Promise<EnclosedSupervisor> {
  const network = await options?.networkOf(project);
  const boundary = stepBoundary({ project, network });
  if (options?.namespace.kind !== "own" || network === undefined || network === "host") {
    return { supervisor: await supervisors.open(request), boundary };
  }
  const { namespace, path } = options;
  const wrap = { command: [...namespace.around, ...(request.wrap?.command ?? [])] as const, path };
  return { supervisor: await supervisors.open({ ...request, wrap, network }), boundary };
}

/** What is not kept of a step's network on this machine. */
export function networkGap(options: NetworkOptions | undefined): string | undefined {
  if (options === undefined || options.namespace.kind === "own") return undefined;
  return `no network namespace (${options.namespace.what}): this step can reach every address that this machine can`;
}

/** What the log of a step begins with where its boundary is not kept. */
const NOT_ENFORCED = "boundary not enforced by the kernel: ";
/** What that of a build's first step does where there is none to keep. */
const NO_ENVIRONMENT = "no boundary for this build: ";

/** Whether the line of a step's log is one of those that are written before the step runs. */
export function isBoundaryLine(line: string): boolean {
  return line.startsWith(NOT_ENFORCED) || line.startsWith(NO_ENVIRONMENT);
}

/** The part that all executors share. */
export function stepBoundary(parts: {
  readonly project: string;
  readonly network: BuildNetwork | "host" | undefined;
}): StepBoundary {
  const network = parts.network === "host" ? undefined : parts.network;
  let isHostSaid = parts.network !== "host";
  return {
    network,
    admit(order, { what, runs }) {
      const say = (line: string) => appendFileSync(order.logPath, `${line}\n`, { mode: 0o600 });
      if (!isHostSaid) say(`${NO_ENVIRONMENT}project ${parts.project} belongs to no environment of mobius.yaml`);
      isHostSaid = true;
      if (what === undefined) return undefined;
      say(`${NOT_ENFORCED}${what}`);
      if (network?.isProtected !== true || runs === "ours") return undefined;
      const step = order.config.id ?? `#${order.step}`;
      return refusalLine(boundaryNotEnforced(network.environment, [step], what));
    },
  };
}
