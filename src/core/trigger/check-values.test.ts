import { describe, expect, it } from "vitest";
import { checkOwnValues, checkValuesOfRun } from "./check-values.ts";
import { parseFilter } from "./trigger-filter.ts";

describe("values of a release's keys", () => {
  it.each(["release-manifests/2026-01.yaml", "v1.2.3", "", "$(body.manifest)", "${_NAME}.yaml"])(
    "%s may stand",
    (name) => {
      expect(checkOwnValues({ _RELEASE_MANIFEST: name, _GIT_REF: name })).toEqual({ ok: true, value: undefined });
    },
  );

  it.each([
    "releases/a.yaml; touch PWNED #",
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../x",
    "..\\..\\x",
    "-x",
    "a\nid",
    "a\u2028id",
    "`id`",
    "@{-1}",
    "~/.ssh/id_rsa",
    "x".repeat(513),
  ])("%j may not", (name) => {
    expect(checkOwnValues({ _RELEASE_MANIFEST: name })).toEqual({
      ok: false,
      error:
        "the value of _RELEASE_MANIFEST must be a name of letters, digits and . _ / -, without .. and not beginning with / or -",
    });
  });
});

describe("values that a sender wrote", () => {
  const config = {
    steps: [{ name: "ubuntu", entrypoint: "bash", args: ["-c", "deploy ${_B} $_MINE"], env: ["X=$_X"] }],
  };
  const run = (values: Record<string, string>, builtIns = {}) =>
    checkValuesOfRun({ config, values: { _MINE: "a; b", ...values }, builtIns, given: { _X: [values._X ?? ""] } });

  it("may be anything where they are data", () => {
    expect(run({ _X: "a; touch PWNED", _B: "b" }).ok).toBe(true);
  });

  it.each([
    [{ _X: "a; touch PWNED", _B: "$_X" }],
    [{ _X: "$(id)", _B: "${_X}" }],
    [{ _X: "-rf", _B: "${_X/a/b}" }],
    [{ _X: "a\nid", _B: "${_MINE:-${_X}}" }],
  ])("are refused in the text of a shell, by whatever way they come there: %j", (values) => {
    expect(run(values)).toEqual({
      ok: false,
      error: "the value of _X would be shell text of step #0: give it to the step as a variable in env",
    });
  });

  it("are refused with a character that no program takes", () => {
    expect(run({ _X: "a\0b" })).toEqual({ ok: false, error: "the value of _X holds a NUL character" });
  });

  it("are names where a release asks for one", () => {
    const given = (text: string) =>
      checkValuesOfRun({ config, values: { _GIT_REF: `x-${text}` }, builtIns: {}, given: { _GIT_REF: [text] } });
    expect(given("v1").ok).toBe(true);
    expect(given("$(id)")).toMatchObject({ error: expect.stringContaining("the value of _GIT_REF must be a name") });
  });

  it("may be names there", () => {
    expect(run({ _X: "releases/2026-01.yaml", _B: "$_X" }).ok).toBe(true);
  });

  it("are names of branches too", () => {
    const branch = { steps: [{ id: "say", name: "ubuntu", args: ["sh", "-c", "echo $BRANCH_NAME"] }] };
    const named = (BRANCH_NAME: string) =>
      checkValuesOfRun({ config: branch, values: {}, builtIns: { BRANCH_NAME }, given: {} });
    expect(named("feature/x").ok).toBe(true);
    expect(named("x;touch${IFS}y")).toMatchObject({
      error: "the value of BRANCH_NAME would be shell text of step say: give it to the step as a variable in env",
    });
  });
});

describe("a filter", () => {
  it.each([
    ['_VERSION == "1.2"', { _VERSION: "1.2" }, true],
    ["_A.matches('x') && (_B.matches(\"^(.*)y$\"))", { _A: "ax", _B: "yy" }, true],
    ["_A == 'matches' || [_A].exists(x, x.matches('b'))", { _A: "b" }, true],
    ["!_A.matches('(a+)+$')", { _A: `${"a".repeat(200)}!` }, true], // hours by JavaScript's own expressions
    ["_A.matches('(?=a)')", { _A: "a" }, false], // no RE2
    ["_MISSING == ''", {}, false],
    ["_A", { _A: "true" }, false],
  ])("%s on %j: %s", (text, values, expected) => {
    const filter = parseFilter(text);
    expect(filter.ok && filter.value(values)).toBe(expected);
  });

  it("is refused where it is no CEL, or longer than anybody needs", () => {
    expect(parseFilter("_A ==").ok).toBe(false);
    expect(parseFilter(`_A == "${"x".repeat(5_000)}"`)).toEqual({
      ok: false,
      error: "it has more than 4096 characters",
    });
    expect(parseFilter(Array.from({ length: 400 }, () => "_A == '1'").join(" || ")).ok).toBe(false);
  });
});
