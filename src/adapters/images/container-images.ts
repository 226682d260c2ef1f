import { join } from "node:path";
import { fullReference, namesItsPort } from "../../core/values/image-name.ts";
import type { ContainerImages } from "../../ports/container-images.ts";
import { parseImageReference } from "./image-reference.ts";
import { createImageUnpacker } from "./image-unpacker.ts";
import { createRegistryClient } from "./registry-client.ts";

/** Images in `<unpackedDirectory>/containers`. */
export function createContainerImages(options: {
  readonly registryUrl: string;
  readonly unpackedDirectory: string;
}): ContainerImages {
  const unpackedDirectory = join(options.unpackedDirectory, "containers");
  const common = { unpackedDirectory, purpose: "container" } as const;
  const own = createImageUnpacker({ ...common, registryUrl: options.registryUrl });
  const others = createImageUnpacker(common);
  const client = createRegistryClient({ registryUrl: options.registryUrl });
  const localDigest = async (text: string) => {
    if (namesItsPort(text)) return undefined;
    const { repository, reference } = parseImageReference(fullReference(text));
    return client.digest(repository, reference);
  };
  return {
    localDigest,
    async get(text, { onPull } = {}) {
      const digest = await localDigest(text);
      if (digest !== undefined) {
        const { repository } = parseImageReference(fullReference(text));
        return own.unpack(`${repository}@${digest}`);
      }
      onPull?.();
      return others.unpack(fullReference(text));
    },
  };
}
