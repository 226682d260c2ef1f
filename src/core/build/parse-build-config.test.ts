import { describe, expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import type { BuildConfig } from "./build-config.ts";
import { type ParseOptions, parseBuildConfig, parseTriggerBuildConfig } from "./parse-build-config.ts";
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

  it("fills in anchors and merges, and does not let a few of them become very many", () => {
    const text = "steps:\n- &a { name: x, args: [b] }\n- { <<: *a, id: i }\n";
    expect(parsed(text).steps).toEqual([
      { name: "x", args: ["b"] },
      { name: "x", args: ["b"], id: "i" },
    ]);
    const row = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(`*${of}`).join(", ")}]\n`;
    const bomb = `a: &a [x]\n${row("b", "a")}${row("c", "b")}${row("d", "c")}${row("e", "d")}steps: *e\n`;
    expect(problems(bomb)).toEqual([expect.stringContaining("error[build-file-unreadable]")]);
    expect(problems("steps: *nowhere\n")).toEqual([expect.stringContaining("error[build-file-unreadable]")]);
  });

  it("says where a file cannot be read at all", () => {
    expect(problems("steps: [")[0]).toContain("error[build-file-unreadable]");
    expect(problems("- a\n- b\n")).toEqual([
      `error[build-file-unreadable]: The build configuration cannot be read.
  where: cloudbuild.yaml:1:1
  why:   parsing cloudbuild.yaml: Could not parse as a dictionary.
  fix:   Correct the YAML at this place.
  more:  docs/errors.md#build-file-unreadable`,
    ]);
  });
});

describe("what gcloud says of a file", () => {
  const why = (text: string, options?: ParseOptions) => {
    const result = parseBuildConfig(text, "f.yaml", options);
    return result.ok ? [] : result.problems.map((problem) => problem.why[0]);
  };

  it("names all unknown fields of a level at once, sorted and renamed", () => {
    expect(why("steps:\n- { name: a, foo_bar: 1, bar: 2 }\n- { name: b, x: 3 }\n")).toEqual([
      "interpreting f.yaml as build config: .steps[0].{bar,fooBar}: unused",
      "interpreting f.yaml as build config: .steps[0].{bar,fooBar}: unused",
      "interpreting f.yaml as build config: .steps[1].x: unused",
    ]);
    expect(why("steps: [{ name: a }]\navailable_secrets: { inline: [{ env_map: { A_B: 1 } }] }\n")).toHaveLength(1);
  });

  it("keeps the user's keys as they are, under either name of their field", () => {
    const text = "steps: [{ name: a }]\nsecrets: [{ kms_key_name: k, secret_env: { MY_KEY: eA== } }]\n";
    expect(parsed(text).secrets).toEqual([{ kmsKeyName: "k", secretEnv: { MY_KEY: "eA==" } }]);
  });

  it("skips an empty list where one value belongs, and takes numbers that are text", () => {
    const text = "steps: [{ name: a, dir: [], timeout: '9', env: [] }]\noptions: { disk_size_gb: '200', pool: [] }\n";
    expect(parsed(text)).toEqual({
      steps: [{ name: "a", timeout: "9s", env: [] }],
      options: { diskSizeGb: 200 },
    });
  });

  it("refuses by itself what its server would never see", () => {
    expect(why("steps: [{ name: a }]\nsubstitutions: { X: y, _OK: z }\n")).toEqual([
      "validating f.yaml as build config: substitution key X does not respect format ^_[A-Z0-9_]+$",
    ]);
    expect(why("substitutions: {}\n")).toEqual([
      "validating f.yaml as build config: config must list at least one step or specify remote_config",
    ]);
    const source = "source: { gitSource: { url: u } }\nsteps: [{ name: a }]\n";
    expect(why(source)).toEqual([
      "validating f.yaml as build config: config cannot specify source without the flag --no-source",
    ]);
    expect(why(source, { source: "allowed" })).toEqual([]);
  });
});

describe("a trigger's file as Google's server reads it", () => {
  const why = (text: string) => {
    const result = parseTriggerBuildConfig(text, "cb.yaml");
    return result.ok ? undefined : result.problems.map((problem) => problem.why.join());
  };
  const failed = "failed unmarshalling build config cb.yaml: ";

  it.each([
    ["steps: [{ name: a, args: x }]", "json: cannot unmarshal string into Go value of type []json.RawMessage"],
    ["steps: [{ name: a, waitFor: '-' }]", "json: cannot unmarshal string into Go value of type []json.RawMessage"],
    ["steps: { name: a }", "json: cannot unmarshal object into Go value of type []json.RawMessage"],
    ["steps: [a]", "json: cannot unmarshal string into Go value of type map[string]json.RawMessage"],
    ["steps: [{ name: a, args: [8080] }]", "json: cannot unmarshal number into Go value of type string"],
    ["substitutions: { _N: true }", "json: cannot unmarshal bool into Go value of type string"],
    ["options: { diskSizeGb: big }", "json: cannot unmarshal string into Go value of type int64"],
    ["timeout: 600", "json: cannot unmarshal number into Go value of type string"],
    ["timeout: soon", 'bad Duration: time: invalid duration "soon"'],
    [
      "options: { logging: LOUD }",
      'unknown value "LOUD" for enum google.devtools.cloudbuild.v1.BuildOptions_LoggingMode',
    ],
    ["availableSecret: {}\nsteps: [{ name: a, foo: 1, bar: 2 }]", 'unknown field "foo" in cloudbuild.BuildStep'],
    ["remoteConfig: x\nsteps: [{ name: a }]", 'unknown field "remoteConfig" in cloudbuild.Build'],
    ["options: { pool: { size: 1 } }", 'unknown field "size" in cloudbuild.BuildOptions_PoolOption'],
    ["options: { nope: 1 }", 'unknown field "nope" in cloudbuild.BuildOptions'],
    ["options: { disk_Size_gb: 1 }", 'unknown field "disk_Size_gb" in cloudbuild.BuildOptions'],
  ])("refuses %s, the first of its faults alone", (text, message) => {
    expect(why(text)).toEqual([failed + message]);
  });

  it("takes both spellings of a name, enums by number, whole numbers as text, and what is null", () => {
    const text = `
steps: [{ name: a, wait_for: ['-'], allowExitCodes: ["3"], dir: null }]
options: { machine_type: 5, diskSizeGb: "100" }
`;
    const result = parseTriggerBuildConfig(text, "cb.yaml");
    expect(result.ok && result.value).toEqual({
      steps: [{ name: "a", waitFor: ["-"], allowExitCodes: [3] }],
      options: { machineType: "E2_HIGHCPU_8", diskSizeGb: 100 },
    });
  });

  it("says where", () => {
    const result = parseTriggerBuildConfig("steps:\n- name: a\n  args: x\n", "cb.yaml");
    expect(result.ok ? [] : result.problems.map(renderProblem)).toEqual([
      `error[build-field-wrong]: The value of "steps[0].args" is not what Cloud Build takes there.
  where: cb.yaml:3:3
  why:   failed unmarshalling build config cb.yaml: json: cannot unmarshal string into Go value of type []json.RawMessage
  fix:   Write the value in the form that is expected.
  more:  docs/errors.md#build-field-wrong`,
    ]);
    expect(why("steps: [")).toHaveLength(1);
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
