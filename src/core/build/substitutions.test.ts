import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BuildConfig } from "./build-config.ts";
import { BUILD_SETTINGS, type BuildSettings } from "./settings.ts";
import { referencedKeys, substituteText } from "./substitution-keys.ts";
import { applySubstitutions } from "./substitutions.ts";

const values: Record<string, string> = { _VAR: "World" };
const replace = (text: string) => substituteText(text, (key) => values[key] ?? "");

/** The tokenizer once more, a character at a time. */
function scan(text: string, value: (key: string) => string): string {
  const isFirst = (character: string) => (character >= "A" && character <= "Z") || character === "_";
  const isLater = (character: string) => isFirst(character) || (character >= "0" && character <= "9");
  let result = "";
  let at = 0;
  while (at < text.length) {
    const from = text[at + 1] === "{" ? at + 2 : at + 1;
    let end = from;
    while (end < text.length && (end === from ? isFirst : isLater)(text.charAt(end))) end++;
    const isClosed = from === at + 1 || text[end] === "}";
    if (text[at] !== "$") {
      result += text[at++];
    } else if (text[at + 1] === "$") {
      result += "$";
      at += 2;
    } else if (end > from && isClosed) {
      result += value(text.slice(from, end));
      at = from === at + 1 ? end : end + 1;
    } else {
      result += text[at++];
    }
  }
  return result;
}

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

  it("equals a scanner that was written on its own, and replaces nothing twice", () => {
    const text = fc.string({ unit: fc.constantFrom("$", "$", "{", "}", "_", "A", "B1", "b", ":", "-", " ") });
    const value = fc.constantFrom("", "$", "$_A", "${_A}", "$$", "{", "A");
    fc.assert(
      fc.property(text, value, (written, put) => {
        const give = (key: string) => `<${key}${put}>`;
        expect(substituteText(written, give)).toBe(scan(written, give));
        const keys: string[] = [];
        scan(written, (key) => String(keys.push(key)));
        expect(referencedKeys(written).map(({ key }) => key)).toEqual(keys);
      }),
    );
  });

  it("halves any row of $, and an odd one begins a token", () => {
    fc.assert(
      fc.property(fc.nat({ max: 20 }), (count) => {
        const row = "$".repeat(count);
        expect(replace(`${row} `)).toBe(`${"$".repeat(Math.ceil(count / 2))} `);
        expect(replace(`${row}_VAR`)).toBe("$".repeat(Math.floor(count / 2)) + (count % 2 === 1 ? "World" : "_VAR"));
      }),
    );
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
      options: { env: ["B=$_T"], pool: { name: "$_T" } },
      availableSecrets: { secretManager: [{ versionName: "$_T", env: "$_T" }] },
      artifacts: {
        images: ["$_T"],
        objects: { location: "$_T", paths: ["$_T"] },
        mavenArtifacts: [{ repository: "$_T" }],
        pythonPackages: [{ repository: "$_T" }],
      },
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
      options: { env: ["B=run"], pool: { name: "run" } },
      availableSecrets: { secretManager: [{ versionName: "run", env: "$_T" }] },
      artifacts: {
        images: ["run"],
        objects: { location: "run/", paths: ["run"] },
        mavenArtifacts: [{ repository: "run" }],
        pythonPackages: [{ repository: "run" }],
      },
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

  it("evaluates bash's operators in dynamic values, and nowhere else", () => {
    const substitutions = {
      _SHORT: "${BUILD_ID:0:8}",
      _DIR: "${_OBJ/\\/state.json/}",
      _ID: "${_DIR##*-}",
      _OBJ: "data/run-42/state.json",
      _TAG: "${TAG_NAME:-untagged}",
      _SET: "${TAG_NAME-untagged}${_NONE-none}",
    };
    const build = config(["$_SHORT $_DIR $_ID $_TAG [$_SET] ${_ID:-x}"], { substitutions });
    const result = applySubstitutions({ config: build, builtIns: { BUILD_ID: "01234567-89ab" }, origin: "triggered" });
    expect(result.ok && result.value.config.steps[0]?.args).toEqual([
      "01234567 data/run-42 42 untagged [none] ${_ID:-x}",
    ]);
    expect(result.ok && result.value.values._DIR).toBe("data/run-42");
  });

  it("refuses circles, what bash would refuse, and what never ends, among dynamic values", () => {
    const dynamic = { options: { dynamicSubstitutions: true } } as const;
    expect(complaints(config(["$_A"], { ...dynamic, substitutions: { _A: "$_B", _B: "x$_A" } }))).toEqual([
      "substitution values refer to one another in a circle: _A -> _B -> _A",
    ]);
    expect(complaints(config(["$_A"], { ...dynamic, substitutions: { _A: "${_B:?set _B}", _B: "" } }))).toEqual([
      'substitution "_A" cannot be evaluated: _B: set _B',
    ]);
    expect(complaints(config(["$_A"], { ...dynamic, substitutions: { _A: "${_A@Q}" } }))).toEqual([
      'substitution "_A" cannot be evaluated: bad substitution',
    ]);
    const doubling = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`_K${n}`, `$_K${n + 1}$_K${n + 1}`]));
    expect(complaints(config(["$_K0"], { ...dynamic, substitutions: { ...doubling, _K60: "x" } })).join()).toContain(
      "it becomes longer than 65536 characters",
    );
  });
});

describe("what it may become", () => {
  it("is limited, however short the text that asks for it", () => {
    const value = "v".repeat(4_000);
    const args = Array.from({ length: 100 }, () => "$_A".repeat(100));
    expect(complaints(config(args, { substitutions: { _A: value } }))).toEqual([
      "substitutions put more than 8000000 characters into the build",
    ]);
    const substitutions = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`_K${n}`, value]));
    const steps = Array.from({ length: 100 }, () => ({ name: "ubuntu", script: "env" }));
    expect(complaints({ steps, substitutions, options: { automapSubstitutions: true } })).toEqual([
      "automapSubstitutions puts more than 8000000 characters into the build",
    ]);
  });
});

describe("automap", () => {
  const build: BuildConfig = {
    steps: [
      { name: "ubuntu", script: "env", env: ["_X=own"], secretEnv: ["_S"] },
      { name: "ubuntu", script: "env", automapSubstitutions: false },
    ],
    substitutions: { _X: "1", _Y: "2", _Z: "3", _S: "4" },
    options: { automapSubstitutions: true, env: ["_Y=shared"] },
  };
  const apply = (settings: Partial<BuildSettings> = {}, asked = build) =>
    applySubstitutions({
      config: asked,
      builtIns: { PROJECT_ID: "p1" },
      origin: "manual",
      settings: { ...BUILD_SETTINGS, ...settings },
    });
  const unused = ["_X", "_Y", "_Z", "_S"].map(
    (key) => `key "${key}" in the substitution data is not matched in the template`,
  );

  it("makes every key a variable of the steps that ask; what is given by hand wins", () => {
    const result = apply();
    const [first, second] = result.ok ? result.value.config.steps : [];
    expect(first?.env).toEqual(expect.arrayContaining(["PROJECT_ID=p1", "TAG_NAME=", "_Z=3", "_X=own"]));
    expect(first?.env?.filter((entry) => /^_[XYS]=/.test(entry))).toEqual(["_X=own"]);
    expect(second?.env).toBeUndefined();
  });

  it("is no use of a key, and no reason to refuse it, unless settings say so", () => {
    const result = apply();
    expect(result.ok && result.value.warnings).toEqual(unused);
    expect(apply({ automappedKeys: "used" })).toMatchObject({ ok: true, value: { warnings: [] } });
    expect(apply({ automappedKeys: "unused" })).toEqual({ ok: false, complaints: unused });
    const off = { ...build, steps: build.steps.map((step) => ({ ...step, automapSubstitutions: false })) };
    expect(apply({}, off)).toEqual({ ok: false, complaints: unused });
  });
});

describe("what counts as a use", () => {
  const used = (more: Partial<BuildConfig>, settings: Partial<BuildSettings> = {}) => {
    const request = { config: config([], { substitutions: { _X: "1" }, ...more }), builtIns: {} };
    return applySubstitutions({ ...request, origin: "manual", settings: { ...BUILD_SETTINGS, ...settings } }).ok;
  };

  it.each<[string, Partial<BuildConfig>]>([
    ["tags", { tags: ["$_X"] }],
    ["images", { images: ["$_X"] }],
    ["artifacts.images", { artifacts: { images: ["$_X"] } }],
    ["artifacts.objects.location", { artifacts: { objects: { location: "$_X", paths: [] } } }],
    ["artifacts.objects.paths", { artifacts: { objects: { location: "", paths: ["$_X"] } } }],
    ["artifacts.mavenArtifacts", { artifacts: { mavenArtifacts: [{ repository: "$_X" }] } }],
    ["artifacts.pythonPackages", { artifacts: { pythonPackages: [{ repository: "$_X" }] } }],
    ["options.env", { options: { env: ["A=$_X"] } }],
    ["options.pool.name", { options: { pool: { name: "$_X" } } }],
    ["serviceAccount", { serviceAccount: "$_X" }],
    ["availableSecrets", { availableSecrets: { secretManager: [{ versionName: "$_X", env: "E" }] } }],
  ])("%s does", (_, more) => {
    expect(used(more)).toBe(true);
  });

  it.each<[string, Partial<BuildConfig>]>([
    ["an id", { steps: [{ name: "a", id: "$_X" }] }],
    ["waitFor", { steps: [{ name: "a", waitFor: ["$_X"] }] }],
    ["a script", { steps: [{ name: "a", script: "$_X" }] }],
    ["a timeout", { timeout: "$_X" }],
    ["logsBucket, which is replaced all the same", { logsBucket: "gs://$_X" }],
  ])("%s does not", (_, more) => {
    expect(used(more)).toBe(false);
  });

  it("is a matter of settings where nobody knows", () => {
    expect(used({ logsBucket: "gs://$_X" }, { logsBucketKeys: "checked" })).toBe(true);
    expect(complaints(config([]), { TAG_NAME: "v1" })).toHaveLength(1);
    const accepted = { ...BUILD_SETTINGS, unusedBuiltIns: "accepted" } as const;
    const request = { config: config([]), builtIns: {}, overrides: { TAG_NAME: "v1" }, origin: "manual" } as const;
    expect(applySubstitutions({ ...request, settings: accepted }).ok).toBe(true);
  });
});
