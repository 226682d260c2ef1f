import { describe, expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import type { BuildConfig } from "./build-config.ts";
import { parseBuildConfig } from "./parse-build-config.ts";
import { readBuild } from "./read-build.ts";

function parsed(text: string): BuildConfig {
  const result = parseBuildConfig(text, "cloudbuild.yaml");
  if (!result.ok) throw new Error(result.problems.map(renderProblem).join("\n"));
  return result.value;
}

function problems(text: string): readonly string[] {
  const result = parseBuildConfig(text, "cloudbuild.yaml");
  return result.ok ? [] : result.problems.map(renderProblem);
}

describe("a build file as gcloud reads it", () => {
  it("takes snake_case, a scalar for a list, and numeric texts", () => {
    const text = `
steps:
  - name: ubuntu
    args: x
    wait_for: '-'
    secretEnv: MY_KEY
    allow_exit_codes: ["3"]
    env: A=b
    timeout: 5s
options: { dynamic_substitutions: true, env: [] }
substitutions: { _SNAKE_KEY: kept_as_is }
`;
    expect(parsed(text)).toEqual({
      steps: [
        {
          name: "ubuntu",
          args: ["x"],
          waitFor: ["-"],
          secretEnv: ["MY_KEY"],
          allowExitCodes: [3],
          env: ["A=b"],
          timeout: "5s",
        },
      ],
      options: { dynamicSubstitutions: true, env: [] },
      substitutions: { _SNAKE_KEY: "kept_as_is" },
    });
  });

  it("reads JSON, leaves out what is null and what only Google's server says", () => {
    expect(parsed('{"steps": [{"name": "a", "args": null}], "status": "QUEUED", "id": "x"}')).toEqual({
      steps: [{ name: "a" }],
    });
  });

  it("reports all problems at once, each at its place", () => {
    const text = "steps:\n  - name: a\n    foo: 1\n    args: [8080]\noptions:\n  logging: LOUD\nbar: 2\n";
    expect(problems(text)).toEqual([
      `error[build-field-unknown]: Cloud Build has no field ".steps[0].foo".
  where: cloudbuild.yaml:3:5
  why:   interpreting cloudbuild.yaml as build config: .steps[0].foo: unused
  fix:   Correct its spelling, or remove it.
  more:  docs/errors.md#build-field-unknown`,
      `error[build-field-wrong]: The value of "steps[0].args[0]" is not what Cloud Build takes there.
  where: cloudbuild.yaml:4:12
  why:   expected text, found number 8080
  fix:   Write the value in the form that is expected.
  more:  docs/errors.md#build-field-wrong`,
      expect.stringContaining('Invalid enum value "LOUD"'),
      expect.stringContaining("cloudbuild.yaml:7:1"),
    ]);
  });

  it("says where a file cannot be read at all", () => {
    expect(problems("steps: [")[0]).toContain("error[build-file-unreadable]");
    expect(problems("- a\n- b\n")).toEqual([
      `error[build-file-unreadable]: The build configuration cannot be read.
  where: cloudbuild.yaml:1:1
  why:   Could not parse as a dictionary.
  fix:   Correct the YAML at this place.
  more:  docs/errors.md#build-file-unreadable`,
    ]);
  });
});

describe("a build as the API reads it", () => {
  it("takes enums by number and by name, and no scalar for a list", () => {
    const options = { machineType: 5, substitutionOption: 1, logging: "CLOUD_LOGGING_ONLY" };
    const { config, misfits } = readBuild({ steps: [{ name: "a" }], options, timing: {} }, "json");
    expect(misfits).toEqual([]);
    expect(config.options).toEqual({
      machineType: "E2_HIGHCPU_8",
      substitutionOption: "ALLOW_LOOSE",
      logging: "CLOUD_LOGGING_ONLY",
    });
    expect(readBuild({ steps: [{ name: "a", args: "x" }] }, "json").misfits).toHaveLength(1);
    expect(readBuild({ steps: [], surprise: 1 }, "json").misfits[0]?.message).toBe(".surprise: unused");
    expect(readBuild("text", "json").misfits).toHaveLength(1);
  });
});
