import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { SCHEMA_FOLDER, schemaFiles } from "../src/main/generate-schemas.ts";

const ROOT = resolve(import.meta.dirname, "..");
const SAMPLE = join(ROOT, "examples", "mobius");

const schema = async (name: string) => z.fromJSONSchema(JSON.parse(await readFile(join(SCHEMA_FOLDER, name), "utf8")));

describe("the generated JSON Schemas", () => {
  it("are what `npm run schemas` writes, and no other file is there", async () => {
    expect((await readdir(SCHEMA_FOLDER)).sort()).toEqual([...schemaFiles().keys()].sort());
    for (const [name, text] of schemaFiles()) expect(await readFile(join(SCHEMA_FOLDER, name), "utf8")).toBe(text);
  });

  it.each([
    ["mobius.schema.json", join(SAMPLE, "umbrella", "mobius.yaml")],
    ["mobius.schema.json", join(ROOT, "test", "fixtures", "platform", "every-key.yaml")],
    ["release-manifest.schema.json", join(SAMPLE, "umbrella", "release-manifests", "staging-release-template.yaml")],
    ["release-manifest.schema.json", join(SAMPLE, "umbrella", "release-manifests", "prod-release-template.yaml")],
    ["release-manifest.schema.json", join(SAMPLE, "umbrella", "release-manifests", "dev-release-template.yaml")],
  ])("%s takes %s as an editor reads it", async (name, file) => {
    const value: unknown = parse(await readFile(file, "utf8"));
    expect((await schema(name)).safeParse(value).error?.issues ?? []).toEqual([]);
  });

  it("show an editor a key that does not exist, and a value of the wrong type", async () => {
    const manifest = await schema("release-manifest.schema.json");
    const good = {
      release_id: "2026-11-26-staging",
      commits: { "mobius-chat": 1234567 },
      feature_flags: { live: true },
    };
    expect(manifest.safeParse(good).success).toBe(true);
    expect(manifest.safeParse({ ...good, comits: {} }).success).toBe(false);
    expect(manifest.safeParse({ ...good, feature_flags: { live: "yes" } }).success).toBe(false);
    const platform = await schema("mobius.schema.json");
    expect(
      platform.safeParse({ platform: "mobius", services: { api: { image: "api", run: { port: "http" } } } }).success,
    ).toBe(false);
  });
});
