import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRegistryImages } from "../../src/adapters/images/registry-images.ts";
import { createSourceImages } from "../../src/adapters/images/source-images.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createRegistryServer } from "../../src/cloud/registry/registry-server.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { describeImages, type ImagesHarness } from "../../src/ports/images.contract.ts";
import { createMemoryImages } from "../../src/ports/images.fake.ts";

async function folders(): Promise<Pick<ImagesHarness, "folder"> & AsyncDisposable & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "mobius-images-"));
  return {
    directory,
    async folder(files) {
      const root = await mkdtemp(join(directory, "source-"));
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), content);
      }
      return root;
    },
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }),
  };
}

describeImages("memory", async () => {
  const images = createMemoryImages({ contentOf: async (root, file) => await readFile(join(root, file), "utf8") });
  return { ...(await folders()), images, sourceImages: images };
});

describeImages("embedded registry", async () => {
  const made = await folders();
  const server = createRegistryServer({
    directory: join(made.directory, "registry"),
    clock: systemClock,
    ids: systemIds,
    authorize: async (token) => token === "token",
  });
  const { url: registryUrl } = await server.listen();
  return {
    ...made,
    images: createRegistryImages({ registryUrl, token: new Secret("token") }),
    sourceImages: createSourceImages({ registryUrl, token: async () => new Secret("token") }),
    async [Symbol.asyncDispose]() {
      await server.close();
      await made[Symbol.asyncDispose]();
    },
  };
});
