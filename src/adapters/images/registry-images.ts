import type { Images } from "../../ports/images.ts";
import { copyImage } from "./copy-image.ts";
import { describeImage } from "./image-config.ts";
import { parseImageReference } from "./image-reference.ts";
import { createRegistryClient, type RegistryClientOptions } from "./registry-client.ts";

/** Images of a registry that speaks the OCI distribution API. */
export function createRegistryImages(options: RegistryClientOptions): Images {
  const client = createRegistryClient(options);
  return {
    async resolve(text) {
      const { repository, reference } = parseImageReference(text);
      return await client.digest(repository, reference);
    },
    async labels(text) {
      const { repository, reference } = parseImageReference(text);
      return (await describeImage(client, repository, reference))?.labels;
    },
    async tag(repository, digest, tag) {
      const manifest = await client.manifest(repository, digest);
      if (manifest === undefined) throw new Error(`${repository} has no ${digest} to tag as ${tag}`);
      const { mediaType, content } = manifest;
      await client.pushManifest({ repository, reference: tag, mediaType, content });
    },
    async copy(request) {
      return await copyImage(client, request);
    },
  };
}
