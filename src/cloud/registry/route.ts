import { type Digest, isDigest } from "../../core/values/digest.ts";

/** How a manifest is asked for. */
export type Reference =
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "digest"; readonly digest: Digest };

/** What a path of the distribution API names. */
export type Route =
  | { readonly kind: "ping" }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: Digest }
  | { readonly kind: "uploads"; readonly repository: string }
  | { readonly kind: "upload"; readonly repository: string; readonly upload: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: Reference }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "invalid"; readonly code: "NAME_INVALID" | "DIGEST_INVALID" | "MANIFEST_INVALID" }
  | { readonly kind: "unknown" };

// The grammar of the OCI distribution specification, "Pulling manifests".
const SEGMENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const UPLOAD = /^[0-9a-f-]{36}$/;
/** Greedy: a name may hold a segment such as `blobs`, so the last place where the rest fits is the one that counts. */
const BENEATH = /^\/v2\/(.+)\/(blobs\/uploads(?:\/[^/]*)?|blobs\/[^/]+|manifests\/[^/]+|tags\/list)\/?$/;
const MAX_NAME_LENGTH = 255;

/** Reads the path of a request. What it gives back is safe to use in file names. */
export function parseRoute(rawPath: string): Route {
  const path = decoded(rawPath);
  if (path === "/v2/" || path === "/v2") return { kind: "ping" };
  const [, name, rest] = path?.match(BENEATH) ?? [];
  if (name === undefined || rest === undefined) return { kind: "unknown" };
  if (!isRepositoryName(name)) return { kind: "invalid", code: "NAME_INVALID" };
  return routeBeneath(name, rest);
}

/** Whether the text is a repository name: lower-case segments between slashes, at most 255 characters. */
export function isRepositoryName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && text.split("/").every((segment) => SEGMENT.test(segment));
}

function routeBeneath(repository: string, rest: string): Route {
  const [what, first = "", second] = rest.split("/");
  if (what === "manifests") return manifestRoute(repository, first);
  if (what === "tags") return { kind: "tags", repository };
  if (first !== "uploads") {
    return isDigest(first) ? { kind: "blob", repository, digest: first } : { kind: "invalid", code: "DIGEST_INVALID" };
  }
  if (second === undefined || second === "") return { kind: "uploads", repository };
  return UPLOAD.test(second) ? { kind: "upload", repository, upload: second } : { kind: "unknown" };
}

function manifestRoute(repository: string, text: string): Route {
  if (isDigest(text)) return { kind: "manifest", repository, reference: { kind: "digest", digest: text } };
  if (text.includes(":")) return { kind: "invalid", code: "DIGEST_INVALID" };
  if (!TAG.test(text)) return { kind: "invalid", code: "MANIFEST_INVALID" };
  return { kind: "manifest", repository, reference: { kind: "tag", tag: text } };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
