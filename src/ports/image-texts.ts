import type { IdentifierSearch } from "../core/manifest/environment-identifiers.ts";
import type { ImageSearch } from "../core/manifest/judge-image.ts";

/** The texts in an image: its variables, labels and command, and the files that a container of it would see. */
export interface ImageTexts {
  /**
   * Applies `find` to each text. Of an index the image for this machine is read. Bounded in files, bytes and time; at a
   * limit it gives what was found so far, and names the limit. Undefined where the registry has no such image; throws
   * where it cannot be read. Changes nothing.
   */
  search(reference: string, find: IdentifierSearch): Promise<ImageSearch | undefined>;
}
