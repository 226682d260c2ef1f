import type { Placed } from "./assign-environments.ts";
import type { ImportFindings } from "./import-findings.ts";
import { imageNameOf } from "./merge-settings.ts";
import type { PlatformAdditions } from "./platform-additions.ts";
import { moduleFor, nameOf, type UmbrellaModule } from "./umbrella-modules.ts";

/** Modules that an image can be of. */
export interface ModuleCatalogue {
  /** In the platform file already. */
  readonly declared: readonly string[];
  /** Of the umbrella's `.gitmodules`. */
  readonly umbrella: readonly UmbrellaModule[];
}

/** Gives each service its image's key. Services with the same image share one; its module is declared where it is not. */
export class ImageDeclarations {
  readonly #catalogue: ModuleCatalogue;
  readonly #additions: PlatformAdditions;
  readonly #findings: ImportFindings;
  /** Repository → key. */
  readonly #keys = new Map<string, string>();

  constructor(catalogue: ModuleCatalogue, additions: PlatformAdditions, findings: ImportFindings) {
    this.#catalogue = catalogue;
    this.#additions = additions;
    this.#findings = findings;
  }

  /** The key of the image that a service's inputs name, or of one called like the service where they name none. */
  keyFor(service: string, inputs: readonly Placed[]): string {
    const names = inputs.flatMap(({ found }) => (found.image === undefined ? [] : (imageNameOf(found.image) ?? [])));
    const repository = names[0]?.repository ?? service;
    const others = new Set(names.map((name) => name.repository).filter((name) => name !== repository));
    for (const other of others) {
      this.#findings.note(service, `another environment has its image as ${other}; ${repository} was taken`);
    }
    const known = this.#keys.get(repository);
    if (known !== undefined) return known;
    if (names.length === 0) this.#findings.note(service, `no input names its image: ${nameOf(repository)} is a guess`);
    const key = this.#freeKey(repository);
    this.#keys.set(repository, key);
    if (!this.#additions.has(["images", key])) this.#declare(key, repository, service);
    return key;
  }

  #freeKey(repository: string): string {
    const short = nameOf(repository);
    return [...this.#keys.values()].includes(short) ? nameOf(repository.replaceAll("/", "-")) : short;
  }

  #declare(key: string, repository: string, service: string): void {
    const { declared, umbrella } = this.#catalogue;
    const candidates = [...declared, ...umbrella.map(({ name }) => name)];
    const module = moduleFor([key, service], candidates) ?? key;
    if (!declared.includes(module)) {
      const known = umbrella.find(({ name }) => name === module);
      const source = known === undefined ? { path: key } : { repository: known.url, path: known.path };
      const isNew = this.#additions.declare(["modules", module], source) === "added";
      if (known === undefined && isNew) {
        this.#findings.note(`modules.${module}`, "no input says where its source is: correct path, and add repository");
      }
    }
    this.#findings.note(`images.${key}`, "built from its module's Dockerfile, which no input says: correct build");
    this.#additions.declare(["images", key], {
      module,
      ...(repository === key ? {} : { repository }),
      build: { dockerfile: "Dockerfile", context: "." },
    });
  }
}
