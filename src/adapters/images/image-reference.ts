import { assert } from "../../core/values/assert.ts";
import { type Digest, isDigest } from "../../core/values/digest.ts";

/** A full image reference, taken apart. */
export interface ImageReference {
  /** With its host: `gcr.io/mobius-staging/mobius-rag`. */
  readonly repository: string;
  /** A tag or a digest: what the registry's manifest path ends in. */
  readonly reference: string;
  /** Given where the reference names the content itself. */
  readonly digest?: Digest;
}

const REFERENCE =
  /^([a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)+)(?::([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/**
 * Takes `host/path:tag`, `host/path@sha256:…` or both apart; the digest wins, and without either it is `latest`. Throws
 * `Bug` for anything else: references come from the plan, which has checked them.
 */
export function parseImageReference(text: string): ImageReference {
  const [, repository, tag = "latest", digest] = REFERENCE.exec(text) ?? [];
  assert(repository !== undefined && !repository.includes(".."), `not a full image reference: ${text}`);
  if (digest !== undefined && isDigest(digest)) return { repository, reference: digest, digest };
  return { repository, reference: tag };
}
