/**
 * What builds may reach, environment by environment: this installation's own ports, the addresses of the services that the
 * embedded cloud runs for the build's environment, and what the platform file lets out. Begin with `networkOf`.
 */
import { environmentOfProject } from "../core/manifest/environments.ts";
import { type Destination, isDestination, outsideDestinations } from "../core/platform/destinations.ts";
import { type Environment, isProtected, type Platform } from "../core/platform/platform.ts";
import type { BuildNetwork } from "../ports/build-network.ts";
import { readPlatform } from "./read-platform.ts";

interface Parts {
  /** The umbrella's folder. */
  readonly directory: string;
  /** Ports of 127.0.0.1 that every build may reach: the server's and the registry's. */
  readonly ownPorts: readonly number[];
}

/** An address of the embedded cloud. */
interface Address {
  readonly project: string;
  readonly port: number;
}

interface Listening {
  readonly projects: readonly string[];
  readonly listener: (port: number) => Promise<void>;
}

/** The networks of an installation's builds. */
export class BuildNetworks {
  readonly #parts: Parts;
  readonly #addresses: Address[] = [];
  readonly #listening = new Set<Listening>();
  /** As it was when it could last be read: a file that is being edited takes no boundary away. */
  #platform: Platform | undefined;

  private constructor(parts: Parts, platform: Platform | undefined) {
    this.#parts = parts;
    this.#platform = platform;
  }

  /** Reads the platform file once, so that there is one to keep to. */
  static async open(parts: Parts): Promise<BuildNetworks> {
    const read = await readPlatform(parts.directory);
    return new BuildNetworks(parts, read.ok ? read.value : undefined);
  }

  /** Resolves when all builds of the address's environment that run now can reach it. */
  async addAddress({ project, port }: Address): Promise<void> {
    this.#addresses.push({ project, port });
    const listening = [...this.#listening].filter(({ projects }) => projects.includes(project));
    await Promise.all(listening.map(({ listener }) => listener(port)));
  }

  /** Throws where the platform file was never readable: which environment a build belongs to is unknown then. */
  async networkOf(project: string): Promise<BuildNetwork | "host"> {
    const read = await readPlatform(this.#parts.directory);
    if (read.ok) this.#platform = read.value;
    const platform = this.#platform;
    if (platform === undefined) throw new Error("mobius.yaml cannot be read, so no build can be given a network");
    const environment = environmentOfProject(platform, project);
    return environment === undefined ? "host" : this.#network(platform, environment);
  }

  #network(platform: Platform, environment: Environment): BuildNetwork {
    const projects = [environment.project, ...environment.aliases.projects];
    const destinations = outsideDestinations(platform, environment);
    const fixed = [...this.#parts.ownPorts, ...destinations.flatMap(loopbackPort)];
    return {
      environment: environment.name,
      isProtected: isProtected(environment),
      ports: () => {
        const own = this.#addresses.filter((address) => projects.includes(address.project));
        return [...new Set([...fixed, ...own.map(({ port }) => port)])];
      },
      onPort: (listener) => {
        const listening = { projects, listener };
        this.#listening.add(listening);
        return () => void this.#listening.delete(listening);
      },
      allows: (destination) => isDestination(destinations, destination),
    };
  }
}

/** Something of this machine that the platform file names with its port. */
function loopbackPort({ host, port }: Destination): readonly number[] {
  return (host === "127.0.0.1" || host === "localhost") && port !== "any" ? [port] : [];
}
