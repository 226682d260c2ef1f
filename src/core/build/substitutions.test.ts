import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BuildConfig } from "./build-config.ts";
import { applySubstitutions, referencedKeys, substituteText } from "./substitutions.ts";

const values: Record<string, string> = { _VAR: "World" };
const replace = (text: string) => substituteText(text, (key) => values[key] ?? "");

describe("the tokenizer", () => {
  it.each([
    ["$_VARfoo", "Worldfoo"],
    ["Hello $_VAR_FOO, $_VAR", "Hello , World"],
    ["${_VAR}_FOO", "World_FOO"],
    ["$$$_VAR", "$World"],
    ["$$${_VAR}", "$World"],
    ["$$_VAR", "$_VAR"],
    ["$$$$_VAR", "$$_VAR"],
    ["$_VAR$_VAR", "WorldWorld"],
    ["${_VAR:-x}", "${_VAR:-x}"],
    ["$(_VAR)", "$(_VAR)"],
    ["$1", "$1"],
    ["$foo", "$foo"],
    ["$?", "$?"],
    ["${VAR%x}", "${VAR%x}"],
    ["100$", "100$"],
  ])("reads %s as %s", (text, expected) => {
    expect(replace(text)).toBe(expected);
  });

  it("takes the longest name: the trap of $BRANCH_NAME_$COMMIT_SHA", () => {
    expect(referencedKeys("$BRANCH_NAME_$COMMIT_SHA").map(({ key }) => key)).toEqual(["BRANCH_NAME_", "COMMIT_SHA"]);
  });

  it("leaves a text without $ alone, and never reads again what it put in", () => {
    fc.assert(fc.property(fc.string(), (text) => replace(text.replaceAll("$", "")) === text.replaceAll("$", "")));
    fc.assert(fc.property(fc.string(), (value) => substituteText("<$_A>", () => value) === `<${value}>`));
  });

  it("gives any text back when each of its $ is doubled", () => {
    const text = fc.string({ unit: fc.constantFrom("$", "{", "}", "_", "A", "b", "1", ":") });
    fc.assert(fc.property(text, (written) => substituteText(written.replaceAll("$", "$$$$"), () => "!") === written));
  });
});

function config(args: readonly string[], more: Partial<BuildConfig> = {}): BuildConfig {
  return { steps: [{ name: "ubuntu", args }], ...more };
}

function complaints(build: BuildConfig, overrides: Record<string, string> = {}): readonly string[] {
  const result = applySubstitutions({ config: build, builtIns: { PROJECT_ID: "p1" }, overrides, origin: "manual" });
  return result.ok ? [] : [...result.complaints].sort();
}

const loose = { options: { substitutionOption: "ALLOW_LOOSE" } } as const;

describe("MUST_MATCH and ALLOW_LOOSE", () => {
  it("refuses a key that is used and not defined, unless loose", () => {
    expect(complaints(config(["$_X"]))).toEqual(['key in the template "_X" is not matched in the substitution data']);
    expect(complaints(config(["$_X"], loose))).toEqual([]);
  });

  it("refuses a key that is defined and not used, unless loose; the caller's keys too", () => {
    const expected = ['key "_X" in the substitution data is not matched in the template'];
    expect(complaints(config([], { substitutions: { _X: "1" } }))).toEqual(expected);
    expect(complaints(config([]), { _X: "1" })).toEqual(expected);
    expect(complaints(config([], { ...loose, substitutions: { _X: "1" } }))).toEqual([]);
  });

  it("refuses an unescaped name that is no built-in, loose or not", () => {
    const expected = [
      `invalid value for 'build.substitutions': key in the template "FOO" is not a valid built-in substitution`,
    ];
    expect(complaints(config(["echo $FOO"]))).toEqual(expected);
    expect(complaints(config(["echo $FOO"], loose))).toEqual(expected);
    expect(complaints(config(["echo $$FOO ${FOO:-x} $foo"]))).toEqual([]);
  });

  it("does not look into scripts, nor at operators", () => {
    const build: BuildConfig = { steps: [{ name: "ubuntu", script: "echo $FOO ${_X}" }] };
    expect(complaints(build)).toEqual([]);
    expect(complaints(config(["${_X:-d}"], { substitutions: { _X: "1" } }))).toEqual([
      'key "_X" in the substitution data is not matched in the template',
    ]);
  });
});

describe("replacement", () => {
  it("reaches every field that Cloud Build replaces, and a caller's value wins", () => {
    const build: BuildConfig = {
      steps: [{ name: "img:$_T", args: ["$_T"], env: ["A=$_T"], dir: "$_T", entrypoint: "$_T", id: "$_T" }],
      images: ["gcr.io/$PROJECT_ID/$_T"],
      tags: ["$_T", "$_T", "$TAG_NAME"],
      logsBucket: "gs://$_T",
      serviceAccount: "projects/$PROJECT_ID/serviceAccounts/a",
      options: { env: ["B=$_T"] },
      substitutions: { _T: "file" },
    };
    const result = applySubstitutions({
      config: build,
      builtIns: { PROJECT_ID: "p1" },
      overrides: { _T: "run" },
      origin: "manual",
    });
    expect(result.ok && result.value.config).toEqual({
      ...build,
      steps: [{ name: "img:run", args: ["run"], env: ["A=run"], dir: "run", entrypoint: "run", id: "$_T" }],
      images: ["gcr.io/p1/run"],
      tags: ["run"],
      logsBucket: "gs://run",
      serviceAccount: "projects/p1/serviceAccounts/a",
      options: { env: ["B=run"] },
    });
  });

  it("uses values verbatim, unless they are dynamic; then in any order", () => {
    const substitutions = { _A: "${_B}/x", _B: "gcr.io/$PROJECT_ID" };
    const run = (options: BuildConfig["options"]) => {
      const build = config(["$_A"], { substitutions, options: { substitutionOption: "ALLOW_LOOSE", ...options } });
      const result = applySubstitutions({ config: build, builtIns: { PROJECT_ID: "p1" }, origin: "manual" });
      return result.ok ? result.value.config.steps[0]?.args : result.complaints;
    };
    expect(run({})).toEqual(["${_B}/x"]);
    expect(run({ dynamicSubstitutions: true })).toEqual(["gcr.io/p1/x"]);
  });

  it("refuses circles and operators among dynamic values", () => {
    const dynamic = { options: { dynamicSubstitutions: true } } as const;
    expect(complaints(config(["$_A"], { ...dynamic, substitutions: { _A: "$_B", _B: "$_A" } }))[0]).toContain("circle");
    expect(complaints(config(["$_A"], { ...dynamic, substitutions: { _A: "${_B:-x}", _B: "1" } })).join()).toContain(
      'substitution "_A" uses a bash operator',
    );
  });

  it("makes every key a variable where automap is on; what the step sets wins", () => {
    const build: BuildConfig = {
      steps: [{ name: "ubuntu", script: "env", env: ["_X=own"] }],
      substitutions: { _X: "1" },
      options: { automapSubstitutions: true },
    };
    const result = applySubstitutions({ config: build, builtIns: { PROJECT_ID: "p1" }, origin: "manual" });
    expect(result.ok && result.value.config.steps[0]?.env).toEqual(["PROJECT_ID=p1", "_X=1", "_X=own"]);
  });
});
