import type { Digest } from "../core/values/digest.ts";
import type { NonEmpty } from "../core/values/problem.ts";

/** Images in a registry. References are full: `gcr.io/mobius-staging/mobius-rag:tag` or `…@sha256:…`. */
export interface Images {
  /** The digest behind a reference, or undefined when there is none. */
  resolve(reference: string): Promise<Digest | undefined>;
  /** Labels of the image's configuration; undefined when the image is missing. */
  labels(reference: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Gives an image that is there one more tag. */
  tag(repository: string, digest: Digest, tag: string): Promise<void>;
  /**
   * Gives another repository the very same image, byte for byte: its manifest, every image of an index, and their
   * content. Does nothing where it is there; after a failure the same call goes on with what is missing. The digest is
   * checked at the end. Throws where the source does not have it.
   */
  copy(request: ImageCopy): Promise<"copied" | "present">;
}

export interface ImageCopy {
  readonly digest: Digest;
  /** Repositories with their registry, such as `gcr.io/mobius-staging/mobius-rag`. */
  readonly from: string;
  readonly to: string;
}

/** Makes an image of files of a checkout and pushes it; the same input gives the same digest. */
export interface SourceImages {
  build(request: {
    readonly root: string;
    /** Files to take, relative to `root`, sorted; paths stay as they are beneath `/app`. */
    readonly files: readonly string[];
    readonly command: NonEmpty<string>;
    readonly labels: Readonly<Record<string, string>>;
    readonly repository: string;
    readonly tags: NonEmpty<string>;
  }): Promise<Digest>;
}
