/** Images copied by digest: within the embedded registry, within one that others wrote, and from the one to the other. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRegistryClient } from "../../src/adapters/images/registry-client.ts";
import { createRegistryImages } from "../../src/adapters/images/registry-images.ts";
import { digest } from "../../src/core/values/digest.ts";
import { findProgram, startOutsideRegistry } from "../support/outside-registry.ts";
import { type ImageFixture, pushImage, startImageFixture } from "./image-fixture.ts";

const program = findProgram("docker-registry");
const INDEX = "application/vnd.oci.image.index.v1+json";

describe("copying an image by digest", { timeout: 60_000 }, () => {
  let fixture: ImageFixture;
  let embedded: string;
  let folder: string;
  let outside: { readonly host: string; readonly stop: () => void } | undefined;

  beforeAll(async () => {
    fixture = await startImageFixture();
    embedded = new URL(fixture.registryUrl).host;
    folder = await mkdtemp(join(tmpdir(), "mobius-copy-"));
    if (program !== undefined) outside = await startOutsideRegistry(program, folder);
  });
  afterAll(async () => {
    outside?.stop();
    await fixture[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Each repository at the host of its own name, as on Google. */
  const images = () => createRegistryImages({});
  const client = () => createRegistryClient({});
  const push = async (repository: string, content = "listen();") => {
    const pushed = await pushImage(fixture.registryUrl, { repository, layers: [[{ name: "server.js", content }]] });
    return digest(pushed.split("@")[1] ?? "");
  };

  const places: readonly [what: string, from: () => string, to: () => string][] = [
    ["within the embedded registry", () => `${embedded}/p/x`, () => `${embedded}/q/x`],
    ["from the embedded registry to Debian's", () => `${embedded}/p/x`, () => `${outside?.host}/q/x`],
  ];
  for (const [what, from, to] of places) {
    it.skipIf(what.includes("Debian") && program === undefined)(`${what}: the same bytes, and once`, async () => {
      const image = await push("p/x");
      expect(await images().copy({ digest: image, from: from(), to: to() })).toBe("copied");
      expect(await images().copy({ digest: image, from: from(), to: to() })).toBe("present");
      const [given, taken] = await Promise.all([from(), to()].map((where) => client().manifest(where, image)));
      expect(taken).toEqual(given);
      expect(await images().labels(`${to()}@${image}`)).toEqual({});
    });
  }

  it.skipIf(program === undefined)("within Debian's registry, which mounts what it has", async () => {
    const image = await push("p/mounted", "mounted();");
    const [from, to] = [`${outside?.host}/p/mounted`, `${outside?.host}/q/mounted`];
    await images().copy({ digest: image, from: `${embedded}/p/mounted`, to: from });
    expect(await images().copy({ digest: image, from, to })).toBe("copied");
    expect(await images().resolve(`${to}@${image}`)).toBe(image);
  });

  it.skipIf(program === undefined)("an index with all of its images", async () => {
    const [first, second] = [await push("p/index", "first();"), await push("p/index", "second();")];
    const manifests = await Promise.all(
      [first, second].map(async (image, index) => {
        const stored = await client().manifest(`${embedded}/p/index`, image);
        const architecture = ["amd64", "arm64"][index];
        return {
          digest: image,
          size: stored?.content.length ?? 0,
          mediaType: stored?.mediaType,
          platform: { os: "linux", architecture },
        };
      }),
    );
    // Spaces and order are part of what a digest names.
    const text = JSON.stringify({ manifests, mediaType: INDEX, schemaVersion: 2 }, undefined, 3);
    const content = new TextEncoder().encode(text);
    await client().pushManifest({ repository: `${embedded}/p/index`, reference: "v1", mediaType: INDEX, content });
    const index = digest((await images().resolve(`${embedded}/p/index:v1`)) ?? "");
    const to = `${outside?.host}/q/index`;
    expect(await images().copy({ digest: index, from: `${embedded}/p/index`, to })).toBe("copied");
    for (const each of [index, first, second]) expect(await images().resolve(`${to}@${each}`)).toBe(each);
    expect((await client().manifest(to, index))?.content).toEqual(Buffer.from(content));
  });

  it.skipIf(program === undefined)(
    "nothing at all of an image with a broken part; then, mended, the whole",
    async () => {
      const image = await push("p/broken", "broken();");
      const stored = await client().manifest(`${embedded}/p/broken`, image);
      const { layers } = JSON.parse(new TextDecoder().decode(stored?.content)) as { layers: { digest: string }[] };
      const hex = layers[0]?.digest.slice("sha256:".length) ?? "";
      const path = join(fixture.directory, "registry", "blobs", "sha256", hex.slice(0, 2), hex);
      const whole = await readFile(path);
      await rm(path);
      await writeFile(path, Buffer.alloc(whole.length, 7));
      const request = { digest: image, from: `${embedded}/p/broken`, to: `${outside?.host}/q/broken` };
      await expect(images().copy(request)).rejects.toThrow();
      expect(await images().resolve(`${request.to}@${image}`)).toBeUndefined();
      await rm(path);
      await writeFile(path, whole);
      expect(await images().copy(request)).toBe("copied");
    },
  );
});
