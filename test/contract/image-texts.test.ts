import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createImageTexts, type SearchLimits } from "../../src/adapters/images/search-image.ts";
import { foreignIdentifiers } from "../../src/core/manifest/environment-identifiers.ts";
import { judgeImage, searchLine } from "../../src/core/manifest/judge-image.ts";
import { describeImageTexts } from "../../src/ports/image-texts.contract.ts";
import { createMemoryImageTexts, type FakeImage } from "../../src/ports/image-texts.fake.ts";
import { environmentOf, samplePlatform } from "../support/promotion-values.ts";
import { FIXTURE_REPOSITORY, type FixtureEntry, startImageFixture } from "./image-fixture.ts";

describeImageTexts("memory", async () => {
  const images = new Map<string, FakeImage>();
  return {
    texts: createMemoryImageTexts(images),
    async push(image) {
      const reference = `${FIXTURE_REPOSITORY}:v${images.size}`;
      images.set(reference, image);
      return reference;
    },
    async [Symbol.asyncDispose]() {},
  };
});

describeImageTexts("embedded registry", async () => {
  const fixture = await startImageFixture();
  return {
    texts: createImageTexts({ registryUrl: fixture.registryUrl }),
    async push({ env, layers }) {
      const Env = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      return await fixture.push({ config: { Env }, layers: layers.map(entriesOf), compression: "gzip" });
    },
    [Symbol.asyncDispose]: async () => await fixture[Symbol.asyncDispose](),
  };
});

function entriesOf(layer: FakeImage["layers"][number]): readonly FixtureEntry[] {
  return Object.entries(layer).map(([name, content]) => {
    const slash = name.lastIndexOf("/") + 1;
    if (content !== undefined) return { name, content };
    return { name: `${name.slice(0, slash)}.wh.${name.slice(slash)}`, content: "" };
  });
}

const platform = samplePlatform();
const [source, target] = [environmentOf(platform, "staging"), environmentOf(platform, "production")];
const find = foreignIdentifiers({ source, target, addresses: ["http://127.0.0.1:4001"] });

async function search(
  entries: readonly (readonly FixtureEntry[])[],
  { config = {}, limits = {} }: { readonly config?: object; readonly limits?: Partial<SearchLimits> } = {},
) {
  await using fixture = await startImageFixture();
  const reference = await fixture.push({ layers: entries, config });
  const found = await createImageTexts({ registryUrl: fixture.registryUrl }, limits).search(reference, find);
  if (found === undefined) throw new Error("the image is not there");
  return found;
}

describe("an image with values of its environment", () => {
  it.each([
    ["a variable", { Env: ["PROJECT=mobius-staging-mobius"] }, "env PROJECT", "mobius-staging-mobius"],
    ["a label", { Labels: { from: "gcr.io/mobius-staging/x" } }, "label from", "mobius-staging"],
    ["the command", { Cmd: ["--db=mobius-staging:us-central1:db"] }, "command", "mobius-staging"],
  ])("is refused for %s", async (_, config, place, identifier) => {
    const { found } = await search([], { config });
    expect(found).toEqual([{ place, identifier }]);
  });

  it.each([
    ["redis://redis.staging.internal:6379/0"],
    ["mobius-rag-uploads-staging"],
    ["mobius_chat_staging_1771234567890"],
    ["http://127.0.0.1:4001"],
  ])("is refused for %s in a file", async (identifier) => {
    const { found } = await search([[{ name: "app/bundle.js", content: `let a;\nconst u = "${identifier}";` }]]);
    expect(found).toEqual([{ place: "/app/bundle.js:2", identifier }]);
    const [problem] = judgeImage("mobius-rag", "staging", await search([[{ name: "a", content: identifier }]]));
    expect(problem?.code).toBe("image-environment-baked");
  });

  it("is found in a small program too; larger ones are skipped and counted", async () => {
    const program = Buffer.concat([Buffer.alloc(9_000), Buffer.from("\0mobius-staging\0")]);
    expect((await search([[{ name: "bin/x", content: program }]])).found).toHaveLength(1);
    const files = [
      { name: "bin/x", content: program },
      { name: "data.txt", content: "mobius-staging ".repeat(2_000) },
      { name: "read.txt", content: "clean" },
    ];
    const skipped = await search([files], { limits: { binaryBytes: 1_000, textBytes: 20_000 } });
    expect(skipped).toMatchObject({ found: [], files: 1, skipped: { binary: 1, large: 1 } });
    expect(searchLine(skipped)).toBe("1 file searched; skipped: 1 binary, 1 large");
    expect(judgeImage("x", "staging", skipped)).toEqual([]);
  });

  it("hides what an opaque folder hides, and nothing else", async () => {
    const lower = [
      { name: "etc/a", content: "mobius-staging" },
      { name: "opt/b", content: "mobius-staging" },
    ];
    const { found } = await search([lower, [{ name: "etc/.wh..wh..opq", content: "" }]]);
    expect(found.map(({ place }) => place)).toEqual(["/opt/b:1"]);
  });

  it.each([
    ["entries", { entries: 1 }, "1 entries"],
    ["bytes", { bytes: 10 }, "10 bytes"],
    ["time", { timeMs: 0 }, "0 s"],
  ])("does not pass where the search ends at its limit of %s", async (_, limits, said) => {
    const files = ["a", "b", "c"].map((name) => ({ name, content: "x".repeat(100) }));
    const cut = await search([files, files], { limits });
    expect(cut.cutShort).toBe(said);
    expect(judgeImage("x", "staging", cut).map(({ code }) => code)).toEqual(["image-not-searched"]);
  });
});

describe("the sample's images", () => {
  it("have nothing of staging in any file that goes into one", () => {
    const root = resolve(import.meta.dirname, "../../examples/mobius/modules");
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(30);
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      // A module's own scripts and its papers are in no image.
      if (!/\/(scripts|deploy)\/|\/cloudbuild\.yaml$|\.md$/.test(path))
        expect(find(readFileSync(path, "utf8")), path).toEqual([]);
    }
  });
});
