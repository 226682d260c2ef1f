import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import { fixBuildConfig, lintBuildConfig } from "./lint-build-config.ts";
import { parseBuildConfig } from "./parse-build-config.ts";

const sample = readFileSync(new URL("../../../test/fixtures/build/specification-sample.yaml", import.meta.url), "utf8");
const lint = (text: string) => lintBuildConfig(text, "cloudbuild.staging.yaml");

describe("the specification's sample", () => {
  it("has the error that Google answers with, and says what else it does not do", () => {
    const problems = lint(sample);
    expect(problems.filter((problem) => problem.severity === "error").map(renderProblem)).toEqual([
      `error[build-shell-variable-unescaped]: key in the template "MANIFEST_PATH" is not a valid built-in substitution
  where: cloudbuild.staging.yaml:13:31
  why:   Cloud Build replaces $NAME before a shell sees it, and refuses a name that it does not know.
         invalid value for 'build.substitutions': key in the template "MANIFEST_PATH" is not a valid built-in substitution
  fix:   Write $$MANIFEST_PATH for the shell's variable, or run mobius build lint --fix.
  more:  docs/errors.md#build-shell-variable-unescaped`,
      expect.stringContaining("cloudbuild.staging.yaml:22:58"),
      `error[build-variable-lost]: Variable MANIFEST_PATH is set in Step #1 - "Load release manifest" and does not survive into this step.
  where: cloudbuild.staging.yaml:22:58
  why:   Each step runs in a container of its own: files in /workspace survive it, variables do not.
  fix:   Give the step its own: env: ["MANIFEST_PATH=…"], used as "$$MANIFEST_PATH"; mobius build lint --fix does so for a substitution.
  more:  docs/errors.md#build-variable-lost`,
    ]);
    expect(problems.filter((problem) => problem.severity === "warning").map(renderProblem)).toEqual([
      `warning[build-clone-without-submodules]: The clone leaves submodules empty.
  where: cloudbuild.staging.yaml:4:5
  why:   git clone fetches the umbrella alone: the modules' folders would have no files.
  fix:   Add "--recurse-submodules" after "clone".
  more:  docs/errors.md#build-clone-without-submodules`,
      `warning[build-substitution-in-shell]: Substitution _RELEASE_MANIFEST is pasted into shell text.
  where: cloudbuild.staging.yaml:12:23
  why:   Its value becomes part of the program: a quote or a semicolon in it is executed.
  fix:   Pass it through the environment: env: ["RELEASE_MANIFEST=\${_RELEASE_MANIFEST}"], and write "$$RELEASE_MANIFEST" in the script.
  more:  docs/errors.md#build-substitution-in-shell`,
      `warning[build-image-spelling]: Builder image "gcr.io/$PROJECT_ID/cloud-builders/gcloud" is spelled as a copy in the project's own registry.
  where: cloudbuild.staging.yaml:17:11
  why:   Cloud Build's builders live in one place for all projects; a project has no copy unless somebody made one.
  fix:   Write gcr.io/cloud-builders/gcloud.
  more:  docs/errors.md#build-image-spelling`,
    ]);
  });

  it("is valid once fixed, means what it should, and keeps every comment", () => {
    const fixed = fixBuildConfig(sample);
    expect(lint(fixed)).toEqual([]);
    expect(fixBuildConfig(fixed)).toBe(fixed);
    expect(fixed).toContain("  # Repeat for mobius-rag, mobius-chat, mobius-dbt, mobius-skills, module hub...\n");
    const parsed = parseBuildConfig(fixed, "f");
    expect(parsed.ok && parsed.value.steps).toEqual([
      {
        id: "Checkout umbrella repo",
        name: "gcr.io/cloud-builders/git",
        args: ["clone", "--recurse-submodules", "https://source.of.truth/Mobius.git", "."],
      },
      {
        id: "Load release manifest",
        name: "gcr.io/cloud-builders/gcloud",
        entrypoint: "bash",
        env: ["MANIFEST_PATH=${_RELEASE_MANIFEST}"],
        args: ["-c", 'echo "Using manifest: $$MANIFEST_PATH"\ncat "$$MANIFEST_PATH"\n'],
      },
      {
        id: "Build & deploy mobius-os",
        name: "gcr.io/cloud-builders/gcloud",
        entrypoint: "bash",
        env: ["MANIFEST_PATH=${_RELEASE_MANIFEST}"],
        args: ["-c", './mobius-os/scripts/build_and_deploy_staging.sh "$$MANIFEST_PATH"\n'],
      },
    ]);
  });
});

describe("fixing", () => {
  it("adds to an env that is there, in its own style", () => {
    const step = (env: string) => `steps:\n- name: ubuntu\n${env}  args: [bash, -c, "echo $NAME"]\n`;
    const before = "- name: a\n  env: ['NAME=$_N']\n  args: [bash, -c, 'echo $$NAME']\n";
    const build = (env: string) => `${step(env).replace("steps:\n", `steps:\n${before}`)}substitutions: {_N: x}\n`;
    expect(fixBuildConfig(build("  env: [A=b]\n"))).toContain('env: [A=b, "NAME=$_N"]');
    expect(fixBuildConfig(build("  env:\n  - A=b\n"))).toContain('  - A=b\n  - "NAME=$_N"\n');
    expect(lint(fixBuildConfig(build("  env:\n  - A=b\n")))).toEqual([]);
  });

  it("does not touch scripts, program arguments, or what only a person can decide", () => {
    const script = "steps:\n- name: ubuntu\n  script: echo $HOME_OF_X\n";
    expect(fixBuildConfig(script)).toBe(script);
    const computed =
      "steps:\n- name: ubuntu\n  args: [bash, -c, 'N=$(date)']\n- name: ubuntu\n  args: [bash, -c, 'echo $$N']\n";
    expect(fixBuildConfig(computed)).toBe(computed);
    expect(lint(computed).map((problem) => problem.code)).toEqual(["build-variable-lost"]);
    expect(fixBuildConfig("steps: [")).toBe("steps: [");
  });

  it("warns of keys that a bare submit would miss, and refuses what Cloud Build refuses", () => {
    const missing = lint("steps:\n- name: ubuntu\n  args: [$_X]\n");
    expect(missing.map((problem) => [problem.severity, problem.why[0]])).toEqual([
      ["warning", 'key in the template "_X" is not matched in the substitution data'],
    ]);
    expect(lint("steps:\n- name: ubuntu\n  args: [$FOO]\n").map(renderProblem)).toEqual([
      `error[build-rejected]: Cloud Build's rules refuse this build.
  why:   invalid value for 'build.substitutions': key in the template "FOO" is not a valid built-in substitution
  fix:   Correct the configuration; mobius build lint shows what can be mended by itself.
  more:  docs/errors.md#build-rejected`,
    ]);
  });
});

describe("what means something else elsewhere", () => {
  it("is said once a file: fields without effect here, and what only gcloud forgives", () => {
    const text = `steps:
- name: ubuntu
  args: x
  waitFor: '-'
logsBucket: gs://b
options:
  machineType: E2_HIGHCPU_8
  pool: { name: p }
  logging: CLOUD_LOGGING_ONLY
`;
    expect(lint(text).map(renderProblem)).toEqual([
      `warning[build-strict-differs]: A trigger would refuse this file, though gcloud takes it.
  where: cloudbuild.staging.yaml:3:3
  why:   Google's server reads a trigger's file itself, and forgives less than gcloud does.
         failed unmarshalling build config cloudbuild.staging.yaml: json: cannot unmarshal string into Go value of type []json.RawMessage
  fix:   Write the value in its full form, such as args: [x] instead of args: x.
  more:  docs/errors.md#build-strict-differs`,
      `warning[build-field-without-effect]: The embedded engine takes logsBucket, options.machineType, options.pool and does nothing with them.
  where: cloudbuild.staging.yaml:5:1
  why:   Builds run on this machine, with its processors, its disk and its log; on Google the fields count.
  fix:   Leave them for Google, or remove them where builds only run here.
  more:  docs/errors.md#build-field-without-effect`,
    ]);
  });

  it("warns of keys that only automap may use, since nobody knows whether Google counts that", () => {
    const text = "steps: [{ name: ubuntu, script: 'echo $_X' }]\nsubstitutions: { _X: '1' }\n";
    const found = lint(`${text}options: { automapSubstitutions: true }\n`);
    expect(found.map(({ severity, why }) => [severity, why[0]])).toEqual([
      ["warning", 'key "_X" in the substitution data is not matched in the template'],
    ]);
  });
});
