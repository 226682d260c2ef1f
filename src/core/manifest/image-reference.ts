import type { ImageReference } from "./manifest.ts";

const REFERENCE =
  /^([a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9][a-z0-9._-]*)+)(?::([A-Za-z0-9_][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Takes `registry/repository:tag@digest` apart; undefined without tag and digest, or for any other form. */
export function parseImageReference(value: string): ImageReference | undefined {
  const [, repository, tag, digest] = REFERENCE.exec(value) ?? [];
  if (repository === undefined || (tag === undefined && digest === undefined)) return undefined;
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}
