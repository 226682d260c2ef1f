import { describe, expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import type { BuildConfig } from "./build-config.ts";
import { parseBuildConfig } from "./parse-build-config.ts";
import { readBuild } from "./read-build.ts";
import { validateBuild, validateSubstituted } from "./validate-build.ts";

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

describe("validation, in Cloud Build's words", () => {
  const step = { name: "ubuntu" };
  const first = (config: BuildConfig) => {
    const result = validateBuild(config);
    return result.ok ? undefined : result.error;
  };

  it.each<[string, BuildConfig]>([
    ["no build steps are specified", { steps: [] }],
    ["build step 0 must specify name", { steps: [{ name: "" }] }],
    [
      'build step #1 - "a": the ID is not unique',
      {
        steps: [
          { ...step, id: "a" },
          { ...step, id: "a" },
        ],
      },
    ],
    [
      'build step #0 - "a" depends on "b", which has not been defined',
      { steps: [{ ...step, id: "a", waitFor: ["b"] }] },
    ],
    ['the Env entry "A" must be of the form "KEY=VALUE"', { steps: [{ ...step, env: ["A"] }] }],
    ["timeout exceeds the timeout limit of 24h0m0s", { steps: [step], timeout: "86401s" }],
    ["invalid timeout: timeout must be >=0", { steps: [step], timeout: "-1s" }],
    [
      `invalid value for 'build.steps[1].timeout': value must be less than or equal to build timeout value of "20m0s"`,
      { steps: [step, { ...step, timeout: "1201s" }], timeout: "1200s" },
    ],
    [
      `invalid .substitutions field: substitution key "TEST_DATA" does not respect format "^_[A-Z0-9_]+$" and is not an overridable built-in substitutions`,
      { steps: [step], substitutions: { TEST_DATA: "1" } },
    ],
    ['invalid .secrets field: secretEnv "X" is used without being defined', { steps: [{ ...step, secretEnv: ["X"] }] }],
    [
      "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket'",
      { steps: [step], serviceAccount: "projects/p/serviceAccounts/a" },
    ],
  ])("says: %s", (message, config) => {
    expect(first(config)).toContain(message);
  });

  it("checks names and lengths after substitution", () => {
    expect(validateSubstituted({ steps: [{ name: "No Image" }] }).ok).toBe(false);
    const long = validateSubstituted({ steps: [step, { ...step, args: ["", "x".repeat(10_001)] }] });
    expect(long).toEqual({ ok: false, error: "invalid .steps field: build step 1 arg 1 too long (max: 10000)" });
    for (const name of ["ubuntu:24.04", "gcr.io/p-1/a_b/c", "localhost:5000/x:T@sha256:".concat("a".repeat(64))]) {
      expect(validateSubstituted({ steps: [{ name }] })).toEqual({ ok: true, value: undefined });
    }
  });
});
