import { type Digest, digestOfValue, isDigest } from "../core/values/digest.ts";
import type { Images, SourceImages } from "./images.ts";

/**
 * A registry in memory with its builder. `contentOf` gives the content of a file that goes into an image; without it a
 * file is its path.
 */
export function createMemoryImages(
  options: { readonly contentOf?: (root: string, file: string) => Promise<string> } = {},
): Images & SourceImages {
  const tags = new Map<string, Digest>();
  const labels = new Map<string, Readonly<Record<string, string>>>();

  const find = (reference: string): Digest | undefined => {
    const [, digest = ""] = reference.split("@");
    if (isDigest(digest)) return labels.has(reference) ? digest : undefined;
    return tags.get(reference);
  };
  const repositoryOf = (reference: string) => reference.split("@")[0]?.replace(/:[^:/]+$/, "") ?? "";

  return {
    resolve: async (reference) => find(reference),
    async labels(reference) {
      return labels.get(`${repositoryOf(reference)}@${find(reference)}`);
    },
    async tag(repository, digest, tag) {
      if (!labels.has(`${repository}@${digest}`)) throw new Error(`${repository} has no ${digest} to tag as ${tag}`);
      tags.set(`${repository}:${tag}`, digest);
    },
    async copy({ digest, from, to }) {
      const found = labels.get(`${from}@${digest}`);
      if (labels.has(`${to}@${digest}`)) return "present";
      if (found === undefined) throw new Error(`${from} has no ${digest} to copy to ${to}`);
      labels.set(`${to}@${digest}`, found);
      return "copied";
    },
    async build({ root, files, command, labels: given, repository, tags: wanted }) {
      const contentOf = options.contentOf ?? (async (_, file) => file);
      const contents = await Promise.all(files.map(async (file) => [file, await contentOf(root, file)]));
      const digest = digestOfValue({ contents, command, labels: given });
      labels.set(`${repository}@${digest}`, given);
      for (const tag of wanted) tags.set(`${repository}:${tag}`, digest);
      return digest;
    },
  };
}
