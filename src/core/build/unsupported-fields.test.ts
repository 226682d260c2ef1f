import { expect, it } from "vitest";
import type { BuildConfig } from "./build-config.ts";
import { unsupportedFields } from "./unsupported-fields.ts";

const steps = [{ name: "ubuntu" }];

it("names what would be ignored, by its place", () => {
  const config: BuildConfig = {
    steps,
    artifacts: { mavenArtifacts: [{ repository: "r" }], pythonPackages: [] },
    availableSecrets: { inline: [{ envMap: { A: "" } }] },
    secrets: [{ kmsKeyName: "k" }],
  };
  expect(unsupportedFields(config)).toEqual([".artifacts.mavenArtifacts", ".availableSecrets.inline", ".secrets"]);
});

it("has nothing against volumes and objects", () => {
  const volumes = [{ name: "vol", path: "/v" }];
  const objects = { location: "gs://b", paths: ["a"] };
  expect(unsupportedFields({ steps, options: { volumes }, artifacts: { objects, images: ["i"] } })).toEqual([]);
});
