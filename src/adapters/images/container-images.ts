import { join } from "node:path";
import { parseImageReference } from "./image-reference.ts";
import { createImageUnpacker, type UnpackedImage } from "./image-unpacker.ts";
import { createRegistryClient } from "./registry-client.ts";

/** Images for containers without a daemon: unpacked once, shared read-only beneath each container's own layer. */
export interface ContainerImages {
  /** The digest, where this installation's registry has it. */
  localDigest(reference: string): Promise<string | undefined>;
  /** From this installation's registry, otherwise from the registry that the name tells. Throws where neither has it. */
  get(reference: string): Promise<UnpackedImage>;
}

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
    async get(text) {
      return (await localDigest(text)) === undefined
        ? others.unpack(fullReference(text))
        : own.unpack(fullReference(text));
    },
  };
}

/** Whether the name is the address of one certain registry, such as `127.0.0.1:5000/x`: then no other stands for it. */
export function namesItsPort(text: string): boolean {
  return /^[^/]+:\d+\//.test(text);
}

/** `ubuntu` is `docker.io/library/ubuntu`, as Docker reads it; a first part with a dot, a port or `localhost` is a host. */
export function fullReference(text: string): string {
  const [first = "", ...rest] = text.split("/");
  if (rest.length > 0 && (/[.:]/.test(first) || first === "localhost")) return text;
  return rest.length === 0 ? `docker.io/library/${text}` : `docker.io/${text}`;
}
