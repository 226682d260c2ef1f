import { describe, expect, it } from "vitest";
import type { BuildStep } from "./build-config.ts";
import { mayRunRepositoryCode } from "./repository-code.ts";

const phase: BuildStep = { name: "gcr.io/acme/mobius", args: ["phase", "migrate"] };
const digest = `@sha256:${"0".repeat(64)}`;

const CASES: readonly (readonly [string, BuildStep, readonly string[], boolean])[] = [
  ["a phase", phase, ["MOBIUS_IDEMPOTENT", "MOBIUS_STEP_TOKEN"], false],
  ["a phase of a pinned image", { ...phase, name: `gcr.io/acme/mobius:1${digest}` }, [], false],
  ["a phase that is told a substitution", phase, ["_RELEASE_MANIFEST"], false],
  ["a phase with a variable that Node obeys", phase, ["NODE_OPTIONS"], true],
  ["a phase with another PATH", phase, ["PATH"], true],
  ["another command of ours", { ...phase, args: ["release"] }, [], true],
  ["our image without arguments", { name: "gcr.io/acme/mobius" }, [], true],
  ["a module's own script in our image", { ...phase, entrypoint: "bash" }, [], true],
  ["a script in our image", { name: "gcr.io/acme/mobius", script: "./deploy.sh" }, [], true],
  ["an image whose name only ends like ours", { ...phase, name: "gcr.io/acme/not-mobius" }, [], true],
  ["any other image", { name: "gcr.io/cloud-builders/npm", args: ["phase"] }, [], true],
];

describe("steps that may run code of a repository", () => {
  it.each(CASES)("%s", (_, config, variables, may) => {
    expect(mayRunRepositoryCode(config, variables)).toBe(may);
  });
});
