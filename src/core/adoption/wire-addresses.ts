import type { Placed } from "./assign-environments.ts";

/** A value with the addresses of imported services as expressions, and what is worth saying about it. */
export interface Wired {
  readonly expression: string;
  readonly notes: readonly string[];
}

const ORIGIN = /https?:\/\/[A-Za-z0-9.-]+(?::\d+)?/g;
/** Cloud Run's two forms: `SERVICE-NUMBER.REGION.run.app` and `SERVICE-HASH-REGION.a.run.app`. */
const CLOUD_RUN = /^https:\/\/([a-z][a-z0-9-]*)-(?:\d+\.[a-z0-9-]+|[a-z0-9]{10}-[a-z]{2}\.a)\.run\.app$/;

/** Replaces literal addresses of the services that are imported by `${services.X.url}`. */
export class AddressBook {
  readonly #owners = new Map<string, { readonly service: string; readonly environment: string }>();
  /** Services that can have an address, and whether one is known. */
  readonly #services = new Map<string, "addressed" | "unseen">();

  constructor(placed: readonly Placed[], declared: readonly string[]) {
    for (const service of declared) this.#services.set(service, "unseen");
    for (const { found, environment } of placed) {
      if (found.kind === "job") continue;
      const { service, addresses } = found;
      if (addresses.length > 0 || !this.#services.has(service)) {
        this.#services.set(service, addresses.length > 0 ? "addressed" : "unseen");
      }
      for (const address of addresses) this.#owners.set(address.toLowerCase(), { service, environment });
    }
  }

  /** The expression for a variable's text in an environment; a dollar sign of the text stays one. */
  wire(text: string, environment: string): Wired {
    const notes: string[] = [];
    let expression = "";
    let from = 0;
    for (const match of text.matchAll(ORIGIN)) {
      const service = this.#serviceAt(match[0].toLowerCase(), environment, notes);
      if (service === undefined) continue;
      expression += `${escaped(text.slice(from, match.index))}\${services.${service}.url}`;
      from = match.index + match[0].length;
    }
    return { expression: expression + escaped(text.slice(from)), notes };
  }

  #serviceAt(address: string, environment: string, notes: string[]): string | undefined {
    const owner = this.#owners.get(address);
    if (owner !== undefined) {
      if (owner.environment !== environment) {
        notes.push(`it pointed at ${owner.service} of ${owner.environment}; it now follows the environment`);
      }
      return owner.service;
    }
    const named = CLOUD_RUN.exec(address)?.[1];
    if (named === undefined) return undefined;
    if (this.#services.get(named) === "unseen") return named;
    notes.push(`${address} is no address of an imported service; import that one, or correct the address`);
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replaceAll("$", "$$$$");
}
