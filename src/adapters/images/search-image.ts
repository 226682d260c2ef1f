import type { IdentifierSearch } from "../../core/manifest/environment-identifiers.ts";
import type { ImageFinding, ImageSearch } from "../../core/manifest/judge-image.ts";
import type { ImageTexts } from "../../ports/image-texts.ts";
import { describeImage, type ImageDescription } from "./image-config.ts";
import { parseImageReference } from "./image-reference.ts";
import { openLayer } from "./open-layer.ts";
import { collect, createRegistryClient, type RegistryClientOptions } from "./registry-client.ts";
import { type Archive, OPAQUE, readLayer, WHITEOUT } from "./unpack-layer.ts";

/** How far a search goes. */
export interface SearchLimits {
  readonly entries: number;
  /** Of all files together, unpacked, those that are skipped included. */
  readonly bytes: number;
  readonly timeMs: number;
  /** A text of more is counted as large. */
  readonly textBytes: number;
  /** Of a program or picture only a small one is read: that is where a build leaves a setting. */
  readonly binaryBytes: number;
}

const LIMITS: SearchLimits = {
  entries: 200_000,
  bytes: 2 * 1024 ** 3,
  timeMs: 120_000,
  textBytes: 8 * 1024 ** 2,
  binaryBytes: 256 * 1024,
};

/** Where a text has a NUL is decided here, as git does. */
const SNIFFED_BYTES = 8_000;
/** Nobody reads more; the problem is the same. */
const MAX_FOUND = 100;

/** Searches images of a registry that speaks the OCI distribution API. */
export function createImageTexts(options: RegistryClientOptions, limits: Partial<SearchLimits> = {}): ImageTexts {
  const client = createRegistryClient(options);
  return {
    async search(text, find) {
      const { repository, reference } = parseImageReference(text);
      const image = await describeImage(client, repository, reference);
      if (image === undefined) return undefined;
      const reader = new ImageReader(find, { ...LIMITS, ...limits });
      reader.settings(image);
      const layers = async () => {
        for (const layer of image.layers) {
          if (reader.isCutShort) return;
          const content = await openLayer(client, repository, layer);
          await readLayer(content, (archive) => reader.layer(archive)).catch(reader.unlessCutShort);
        }
      };
      await reader.withinTime(layers());
      return reader.outcome();
    },
  };
}

class ImageReader {
  readonly #find: IdentifierSearch;
  readonly #limits: SearchLimits;
  readonly #inSettings: ImageFinding[] = [];
  /** By path, so that what a later layer replaces or hides is no finding. */
  readonly #inFiles = new Map<string, readonly ImageFinding[]>();
  readonly #skipped = { binary: 0, large: 0 };
  #files = 0;
  #entriesLeft: number;
  #bytesLeft: number;
  #cutShort: string | undefined;
  #archive: Archive | undefined;

  constructor(find: IdentifierSearch, limits: SearchLimits) {
    this.#find = find;
    this.#limits = limits;
    this.#entriesLeft = limits.entries;
    this.#bytesLeft = limits.bytes;
  }

  get isCutShort(): boolean {
    return this.#cutShort !== undefined;
  }

  /** An archive that was left in its middle breaks; that is what was wanted. */
  readonly unlessCutShort = (error: unknown): void => {
    if (!this.isCutShort) throw error;
  };

  settings({ env, labels, entrypoint, command, workingDirectory }: ImageDescription): void {
    const texts = [
      ...env.map((entry) => [`env ${entry.split("=")[0]}`, entry] as const),
      ...Object.entries(labels).map(([name, value]) => [`label ${name}`, value] as const),
      ["command", [...entrypoint, ...command].join(" ")] as const,
      ["working directory", workingDirectory] as const,
    ];
    for (const [place, text] of texts) {
      for (const { identifier } of this.#find(text)) this.#inSettings.push({ place, identifier });
    }
  }

  async withinTime(reading: Promise<void>): Promise<void> {
    const signal = AbortSignal.timeout(this.#limits.timeMs);
    const ended = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        this.#end(`${this.#limits.timeMs / 1_000} s`);
        resolve();
      });
    });
    await Promise.race([reading, ended]);
    // What is read after the end counts for nothing, and what becomes of it neither.
    reading.catch(() => {});
  }

  async layer(archive: Archive): Promise<void> {
    this.#archive = archive;
    const own = new Set<string>();
    for await (const entry of archive) {
      const { name, size = 0, type } = entry.header;
      const path = name
        .split("/")
        .filter((part) => part !== "" && part !== ".")
        .join("/");
      this.#entriesLeft -= 1;
      this.#bytesLeft -= size;
      if (this.#entriesLeft < 0) this.#end(`${this.#limits.entries} entries`);
      else if (this.#bytesLeft < 0) this.#end(`${this.#limits.bytes} bytes`);
      if (this.isCutShort) return;
      this.#hide(path, own);
      if (type === "file" || type === "contiguous-file") await this.#file(path, size, entry);
      own.add(path);
      entry.resume();
    }
  }

  #end(limit: string): void {
    this.#cutShort ??= limit;
    this.#archive?.destroy(new Error(`the search ended at ${limit}`));
  }

  /** What lower layers have at the entry's place, or beneath it, is not seen any more. */
  #hide(path: string, own: ReadonlySet<string>): void {
    const slash = path.lastIndexOf("/") + 1;
    const [folder, name] = [path.slice(0, slash), path.slice(slash)];
    if (name === OPAQUE) {
      this.#forget((other) => other.startsWith(folder) && !own.has(other));
      return;
    }
    if (!name.startsWith(WHITEOUT)) {
      this.#inFiles.delete(path);
      return;
    }
    const hidden = `${folder}${name.slice(WHITEOUT.length)}`;
    this.#forget((other) => (other === hidden || other.startsWith(`${hidden}/`)) && !own.has(other));
  }

  #forget(isHidden: (path: string) => boolean): void {
    for (const path of this.#inFiles.keys()) if (isHidden(path)) this.#inFiles.delete(path);
  }

  async #file(path: string, size: number, content: AsyncIterable<unknown>): Promise<void> {
    if (size > this.#limits.textBytes) {
      this.#skipped.large += 1;
      return;
    }
    const bytes = await collect(content as AsyncIterable<Uint8Array>, this.#limits.textBytes);
    const isBinary = bytes.subarray(0, SNIFFED_BYTES).includes(0);
    if (isBinary && bytes.length > this.#limits.binaryBytes) {
      this.#skipped.binary += 1;
      return;
    }
    this.#files += 1;
    // One character for each byte of what is no text: an identifier in it is still found.
    const text = new TextDecoder(isBinary ? "latin1" : "utf-8").decode(bytes);
    const found = this.#find(text).map(({ identifier, at }) => ({
      place: isBinary ? `/${path}` : `/${path}:${text.slice(0, at).split("\n").length}`,
      identifier,
    }));
    if (found.length > 0) this.#inFiles.set(path, found.slice(0, MAX_FOUND));
  }

  outcome(): ImageSearch {
    const found = [...this.#inSettings, ...[...this.#inFiles.values()].flat()].slice(0, MAX_FOUND);
    const cutShort = this.#cutShort;
    const skipped = { ...this.#skipped };
    return { found, files: this.#files, skipped, ...(cutShort === undefined ? {} : { cutShort }) };
  }
}
