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
   * Brings an image to another repository, byte for byte: afterwards that has the digest. Does nothing where it is there
   * already. False where the first repository has no such image.
   */
  copy(image: { readonly digest: Digest; readonly from: string; readonly to: string }): Promise<boolean>;
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
