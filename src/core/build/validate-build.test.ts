import { describe, expect, it } from "vitest";
import type { BuildConfig, BuildStep } from "./build-config.ts";
import { BUILD_SETTINGS } from "./settings.ts";
import { buildTimeoutMs, queueTtlMs, validateBuild, validateSubstituted } from "./validate-build.ts";
import { checkBuild } from "./validate-whole.ts";

const step: BuildStep = { name: "ubuntu" };
const first = (config: BuildConfig) => {
  const result = validateBuild(config);
  return result.ok ? undefined : result.error;
};

describe("validation, in Cloud Build's words", () => {
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
    ["invalid queue_ttl: queue_ttl must be >=0", { steps: [step], queueTtl: "-1s" }],
    ["invalid value for 'build.steps[0].timeout': value must be greater", { steps: [{ ...step, timeout: "-1s" }] }],
    ["cannot specify more than 300 build steps", { steps: Array.from({ length: 301 }, () => step) }],
    ["build step 0 has too many args (max: 100)", { steps: [{ ...step, args: Array(101).fill("") }] }],
    ["build step 0 dir too long (max: 1000)", { steps: [{ ...step, dir: "d".repeat(1_001) }] }],
    ["build step 0 has both a script and args", { steps: [{ ...step, script: "x", args: ["y"] }] }],
    [
      "build step 0 has both a script and args or an entrypoint",
      { steps: [{ ...step, script: "x", entrypoint: "y" }] },
    ],
    ['build step #0 - "-": the ID is not unique', { steps: [{ ...step, id: "-" }] }],
    ["build step 0 has too many envs (max: 100)", { steps: [{ ...step, env: Array(101).fill("A=b") }] }],
    ["build step 0 env A too long (max: 65536)", { steps: [{ ...step, env: [`A=${"b".repeat(65_535)}`] }] }],
    [
      'invalid .options field: build options: the Env entry "A" must be of the form "KEY=VALUE"',
      { steps: [step], options: { env: ["A"] } },
    ],
    [
      "invalid .substitutions field: number of substitutions exceeds 200",
      { steps: [step], substitutions: Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`_K${n}`, ""])) },
    ],
    [
      `substitution key "_${"K".repeat(100)}" is too long`,
      { steps: [step], substitutions: { [`_${"K".repeat(100)}`]: "" } },
    ],
    ['substitution value of "_K" is too long', { steps: [step], substitutions: { _K: "v".repeat(4_001) } }],
    [
      "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket'",
      { steps: [step], serviceAccount: "projects/p/serviceAccounts/a" },
    ],
  ])("says: %s", (message, config) => {
    expect(first(config)).toContain(message);
  });

  it("takes other limits and defaults from settings", () => {
    const settings = {
      ...BUILD_SETTINGS,
      defaultTimeoutMs: 600_000,
      defaultQueueTtlMs: 5_000,
      limits: { ...BUILD_SETTINGS.limits, steps: 1 },
    };
    expect(validateBuild({ steps: [step, step] }, {}, settings).ok).toBe(false);
    expect([buildTimeoutMs({ steps: [] }, settings), queueTtlMs({ steps: [] }, settings)]).toEqual([600_000, 5_000]);
    expect([buildTimeoutMs({ steps: [] }), queueTtlMs({ steps: [], queueTtl: "7s" })]).toEqual([3_600_000, 7_000]);
  });
});

describe("artifacts", () => {
  const objects = (location: string, paths: readonly string[]): BuildConfig => ({
    steps: [step],
    artifacts: { objects: { location, paths } },
  });
  const prefix = "invalid .artifacts field: .artifacts.";

  it.each<[string, BuildConfig]>([
    [
      "cannot specify different .images and .artifacts.images",
      { steps: [step], images: ["a"], artifacts: { images: ["b"] } },
    ],
    [`${prefix}location field is empty`, objects("", ["a"])],
    [
      `invalid .artifacts field: invalid .artifacts.location value "b/x"; Google Cloud Storage URLs must begin with 'gs://'`,
      objects("b/x", ["a"]),
    ],
    [`${prefix}paths field empty`, objects("gs://b", [])],
    [
      `${prefix}paths field has length 101, but cannot specify more than 100`,
      objects(
        "gs://b",
        Array.from({ length: 101 }, (_, n) => String(n)),
      ),
    ],
    [`${prefix}paths "a b" contains whitespace`, objects("gs://b", ["a b"])],
    [`${prefix}paths field has duplicate paths; remove duplicates [a b]`, objects("gs://b", ["a", "b", "a", "b", "a"])],
  ])("says: %s", (message, config) => {
    expect(first(config)).toBe(message);
  });

  it("takes what is said twice the same, and judges a location that is a substitution once it is replaced", () => {
    expect(first({ steps: [step], images: ["a", "b"], artifacts: { images: ["a", "b"] } })).toBeUndefined();
    expect(first(objects("${_BUCKET}/x", ["*.txt"]))).toBeUndefined();
    expect(validateSubstituted(objects("b/x/", ["*.txt"])).ok).toBe(false);
  });
});

describe("volumes", () => {
  const own = (...lists: readonly (readonly [string, string])[][]): BuildConfig => ({
    steps: lists.map((list) => ({ ...step, volumes: list.map(([name, path]) => ({ name, path })) })),
  });
  const place = 'invalid .volumes field: build step #0 - "": ';

  it.each<[string, BuildConfig]>([
    [`${place}volume name "v" must match "^[a-zA-Z0-9][a-zA-Z0-9_.-]+$"`, own([["v", "/v"]])],
    [`${place}volume path "v" is not valid, must be absolute`, own([["vol", "v"]])],
    [`${place}volume path "/x/../workspace/" is reserved`, own([["vol", "/x/../workspace/"]])],
    [`${place}volume path "/builder/home" is reserved`, own([["vol", "/builder/home"]])],
    [`${place}volume path "/var/run/docker.sock" is reserved`, own([["vol", "/var/run/docker.sock"]])],
    [`${place}volume path "/" is reserved`, own([["vol", "/"]])],
    [`${place}volume path "/cloudbuild/x" cannot start with /cloudbuild/`, own([["vol", "/cloudbuild/x"]])],
    [
      `${place}the volumes entry contains duplicate names ("vol")`,
      own([
        ["vol", "/a"],
        ["vol", "/b"],
      ]),
    ],
    [
      `${place}the volumes entry contains duplicate paths ("/a/")`,
      own([
        ["vol", "/a"],
        ["wol", "/a/"],
      ]),
    ],
    ['invalid .volumes field: Volume "vol" is only used by one step', own([["vol", "/a"]], [])],
    [
      "invalid .volumes field: Global volumes defined but there are fewer than two steps",
      { steps: [step], options: { volumes: [{ name: "vol", path: "/a" }] } },
    ],
    [
      `${place}the volumes entry contains duplicate names ("vol")`,
      { ...own([["vol", "/b"]], [["vol", "/b"]]), options: { volumes: [{ name: "vol", path: "/a" }] } },
    ],
    [
      `${place}the volumes entry contains duplicate paths ("/a")`,
      { ...own([["wol", "/a"]], [["wol", "/b"]]), options: { volumes: [{ name: "vol", path: "/a" }] } },
    ],
  ])("says: %s", (message, config) => {
    expect(first(config)).toBe(message);
  });

  it("may lie beneath /workspace, and at another path in each step", () => {
    expect(first(own([["vol", "/workspace/sub"]], [["vol", "/other"]]))).toBeUndefined();
    expect(first({ steps: [step, step], options: { volumes: [{ name: "vol", path: "/a" }] } })).toBeUndefined();
  });
});

describe("secrets", () => {
  const manager = (...names: readonly string[]): NonNullable<BuildConfig["availableSecrets"]> => ({
    secretManager: names.map((env) => ({ versionName: "projects/p/secrets/s/versions/1", env })),
  });
  const using = (...secretEnv: readonly string[]): BuildStep => ({ ...step, secretEnv });
  const legacy = (kmsKeyName: string, secretEnv: Readonly<Record<string, string>>) => ({ kmsKeyName, secretEnv });
  const many = Array.from({ length: 101 }, (_, n) => `S${n}`);

  it.each<[string, BuildConfig]>([
    ['Step 0 uses the secretEnv "X" more than once', { steps: [using("X", "X")], availableSecrets: manager("X") }],
    [
      'Build uses global secretEnv "X" more than once',
      { steps: [step], options: { secretEnv: ["X", "X"] }, availableSecrets: manager("X") },
    ],
    [
      'Step 0 uses the global secretEnv "X"',
      { steps: [using("X")], options: { secretEnv: ["X"] }, availableSecrets: manager("X") },
    ],
    [
      'kmsKeyName "K" is used by more than one secret',
      { steps: [using("A", "B")], secrets: [legacy("K", { A: "" }), legacy("K", { B: "" })] },
    ],
    ["secret 0 defines no secretEnvs", { steps: [step], secrets: [legacy("K", {})] }],
    ['secretEnv "X" is defined more than once', { steps: [using("X")], availableSecrets: manager("X", "X") }],
    [
      'secretEnv "X" is defined more than once',
      { steps: [using("X")], availableSecrets: manager("X"), secrets: [legacy("K", { X: "" })] },
    ],
    [
      'secretEnv "X" is defined more than once',
      {
        steps: [using("X")],
        availableSecrets: { ...manager("X"), inline: [{ kmsKeyName: "K", envMap: { X: "" } }] },
      },
    ],
    ['secretEnv "X" is used without being defined', { steps: [using("X")] }],
    ['secretEnv "X" is used without being defined', { steps: [step], options: { secretEnv: ["X"] } }],
    ['secretEnv "X" is defined without being used', { steps: [step], availableSecrets: manager("X") }],
    ["build defines more than 100 secret values", { steps: [using(...many)], availableSecrets: manager(...many) }],
    [
      'secretEnv value for "X" cannot exceed 65536B',
      { steps: [using("X")], secrets: [legacy("K", { X: Buffer.alloc(65_537).toString("base64") })] },
    ],
    [
      'step 0 has secret and non-secret env "X"',
      { steps: [{ ...using("X"), env: ["X=1"] }], availableSecrets: manager("X") },
    ],
    [
      'step 0 has secret and non-secret env "X"',
      { steps: [{ ...step, env: ["X=1"] }], options: { secretEnv: ["X"] }, availableSecrets: manager("X") },
    ],
  ])("says: %s", (message, config) => {
    expect(first(config)).toBe(`invalid .secrets field: ${message}`);
  });

  it("may be of every kind, the largest value among them", () => {
    const largest = Buffer.alloc(65_536).toString("base64");
    expect(first({ steps: [using("X")], secrets: [legacy("K", { X: largest })] })).toBeUndefined();
    expect(
      first({ steps: [step], options: { secretEnv: ["X"] }, availableSecrets: { inline: [{ envMap: { X: "" } }] } }),
    ).toBeUndefined();
  });
});

describe("names and lengths, after substitution", () => {
  const last = (config: BuildConfig) => {
    const result = validateSubstituted(config);
    return result.ok ? undefined : result.error;
  };

  it.each([
    "ubuntu",
    "ubuntu:24.04",
    "gcr.io/p-1/a_b/c",
    "Registry.example.com:5000/a__b/c-d.e:T",
    "localhost:5000/x:T",
    "localhost/x",
    `a/b:1@sha256:${"a".repeat(64)}`,
  ])("takes the image %s", (name) => {
    expect(last({ steps: [{ name }] })).toBeUndefined();
  });

  it.each([
    "No Image",
    "a//b",
    "a/",
    "-a",
    "a:",
    "a@sha256:12",
    "Ubuntu",
    "a..b",
    "a:b:c",
    "host:x/a",
    "",
    "a".repeat(1_001),
  ])("refuses the image %s", (name) => {
    const message = `invalid build step name ${JSON.stringify(name)}: could not parse reference: ${name}`;
    expect(last({ steps: [{ name }] })).toBe(message);
  });

  it.each<[string, BuildConfig]>([
    [
      "invalid build: invalid .steps field: build step 1 arg 1 too long (max: 10000)",
      { steps: [step, { ...step, args: ["", "x".repeat(10_001)] }] },
    ],
    ['invalid build tag "a b": must match format "^[\\\\w][\\\\w.-]{0,127}$"', { steps: [step], tags: ["a b"] }],
    ["number of tags 65 exceeded (max: 64)", { steps: [step], tags: Array.from({ length: 65 }, (_, n) => `t${n}`) }],
    ['invalid image name "gcr.io/P/x" contains uppercase letters', { steps: [step], images: ["gcr.io/P/x"] }],
    ['invalid image name "a b"', { steps: [step], artifacts: { images: ["a b"] } }],
    ["cannot specify more than 100 images", { steps: [step], images: Array(101).fill("a") }],
  ])("says: %s", (message, config) => {
    expect(last(config)).toBe(message);
  });
});

describe("the whole of it", () => {
  const check = (config: BuildConfig) => {
    const result = checkBuild({ config, builtIns: { PROJECT_ID: "p1" }, origin: "manual" });
    return result.ok ? result.value.config.images : result.error;
  };

  it("goes in Cloud Build's order, and joins only what the match check says", () => {
    const all: BuildConfig = {
      timeout: "-1s",
      substitutions: { BAD: "", _UNUSED: "" },
      artifacts: { objects: { location: "", paths: [] } },
      steps: [{ name: "Bad", args: ["$_X"], volumes: [{ name: "vol", path: "/a" }], env: ["A"], secretEnv: ["S"] }],
      images: ["B"],
    };
    const said: (readonly string[] | undefined)[] = [];
    const mend: ((config: BuildConfig) => BuildConfig)[] = [
      (config) => ({ ...config, timeout: "1s" }),
      (config) => ({ ...config, substitutions: { _UNUSED: "" } }),
      (config) => ({ ...config, artifacts: {} }),
      (config) => ({ ...config, substitutions: { _X: "" } }),
      (config) => ({ ...config, steps: config.steps.map((each) => ({ ...each, volumes: [] })) }),
      (config) => ({ ...config, steps: config.steps.map((each) => ({ ...each, env: [] })) }),
      (config) => ({ ...config, steps: config.steps.map((each) => ({ ...each, secretEnv: [] })) }),
      (config) => ({ ...config, steps: config.steps.map((each) => ({ ...each, name: "good" })) }),
      (config) => ({ ...config, images: ["gcr.io/$PROJECT_ID/x"] }),
    ];
    mend.reduce((config, step) => {
      said.push(check(config));
      return step(config);
    }, all);
    expect(said.map((lines) => lines?.map((line) => line.slice(0, 34)).sort())).toEqual([
      ["invalid timeout: timeout must be >"],
      ["invalid .substitutions field: subs"],
      ["invalid .artifacts field: .artifac"],
      ['key "_UNUSED" in the substitution ', 'key in the template "_X" is not ma'],
      ['invalid .volumes field: Volume "vo'],
      ["invalid .steps field: build step #"],
      ["invalid .secrets field: secretEnv "],
      ['invalid build step name "Bad": cou'],
      ['invalid image name "B" contains up'],
    ]);
    expect(check(mend.reduce((config, step) => step(config), all))).toEqual(["gcr.io/p1/x"]);
  });
});
