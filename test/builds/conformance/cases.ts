import type { BuildConfig, BuildStatus } from "../../../src/core/build/build-config.ts";
import type { ExecutorName } from "../executors.ts";

/** A build that means the same on every executor, and on Cloud Build. */
export interface ConformanceCase {
  readonly name: string;
  /** The fields whose meaning it shows. */
  readonly fields: readonly string[];
  readonly config: BuildConfig;
  readonly substitutions?: Readonly<Record<string, string>>;
  readonly status: BuildStatus;
  /** Texts that stand in the log, in this order. */
  readonly log?: readonly string[];
  /** Texts that do not. */
  readonly absent?: readonly string[];
  /** Output of the first step that wrote one. */
  readonly output?: string;
  /** Executors on which it cannot run, with the reason that the document gives. */
  readonly not?: Partial<Record<ExecutorName, string>>;
}

const B = "busybox";
const sh = (text: string, more: object = {}) => ({ name: B, args: ["sh", "-c", text], ...more });
const one = (text: string, more: object = {}): BuildConfig => ({ steps: [sh(text, more)] });

const PROGRAM: readonly ConformanceCase[] = [
  {
    name: "args alone: the first is the program where the image has no entry point",
    fields: ["steps.name", "steps.args"],
    config: { steps: [{ name: B, args: ["echo", "a b", "c"] }] },
    status: "SUCCESS",
    log: ["a b c", "DONE"],
  },
  {
    name: "entrypoint with args: no shell is involved",
    fields: ["steps.entrypoint"],
    config: { steps: [{ name: B, entrypoint: "echo", args: ["$$HOME", "*"] }] },
    status: "SUCCESS",
    log: ["$HOME *"],
  },
  {
    name: "entrypoint that is not there",
    fields: ["steps.entrypoint"],
    config: { steps: [{ name: B, entrypoint: "no-such-program" }] },
    status: "FAILURE",
    log: ["ERROR", "starting step container failed", "no-such-program"],
  },
  {
    name: "script without an interpreter is run by sh, and not substituted",
    fields: ["steps.script"],
    config: { steps: [{ name: B, script: 'X=inner\necho "$X ${X} $PROJECT_ID."\n' }] },
    status: "SUCCESS",
    log: ["inner inner ."],
  },
  {
    name: "script with an interpreter of its own",
    fields: ["steps.script"],
    config: { steps: [{ name: B, script: '#!/bin/cat\nshown as it is: "$x"\n' }] },
    status: "SUCCESS",
    log: ['shown as it is: "$x"'],
  },
  {
    name: "script that fails",
    fields: ["steps.script"],
    config: { steps: [{ name: B, script: "echo before\nexit 9\n" }] },
    status: "FAILURE",
    log: ["before", 'ERROR: build step 0 "busybox" failed: step exited with non-zero status: 9'],
  },
  {
    name: "a program from the workspace",
    fields: ["steps.entrypoint", "steps.dir"],
    config: {
      steps: [
        sh("mkdir tools; printf '#!/bin/sh\\necho own $1\\n' > tools/own; chmod +x tools/own"),
        { name: B, entrypoint: "/workspace/tools/own", args: ["absolute"] },
        { name: B, entrypoint: "./own", args: ["relative"], dir: "tools" },
      ],
    },
    status: "SUCCESS",
    log: ["own absolute", "own relative"],
  },
  {
    name: "an ended process takes what it started with it",
    fields: ["steps.args"],
    config: {
      steps: [
        sh("(sleep 300; echo late >> /workspace/late) & echo started"),
        sh("test ! -e /workspace/late && echo alone"),
      ],
    },
    status: "SUCCESS",
    log: ["started", "alone"],
  },
];

const PLACE: readonly ConformanceCase[] = [
  {
    name: "workspace and home are shared by all steps",
    fields: ["/workspace", "/builder/home"],
    config: {
      steps: [
        sh('pwd; echo w > a; echo h > "$$HOME/b"'),
        sh('cat /workspace/a "$$HOME/b" /builder/home/b; echo "$$HOME"'),
      ],
    },
    status: "SUCCESS",
    log: ["/workspace", "w", "h", "h", "/builder/home"],
  },
  {
    name: "dir is beneath the workspace, and made where it is missing",
    fields: ["steps.dir"],
    config: { steps: [sh("pwd", { dir: "new/folder" }), sh("pwd", { dir: "/workspace/./x/../y" })] },
    status: "SUCCESS",
    log: ["/workspace/new/folder", "/workspace/y"],
  },
  {
    name: "dir takes substitutions",
    fields: ["steps.dir", "substitutions"],
    config: { steps: [sh("pwd", { dir: "$_WHERE/x" })], substitutions: { _WHERE: "here" } },
    status: "SUCCESS",
    log: ["/workspace/here/x"],
  },
  {
    name: "a folder of the container is lost with it",
    fields: ["steps.dir"],
    config: { steps: [sh("pwd; echo kept? > x", { dir: "/elsewhere" }), sh("ls /elsewhere 2>&1 || true")] },
    status: "SUCCESS",
    log: ["/elsewhere"],
    absent: ["kept"],
    not: { host: "nothing outside the workspace, the home and volumes is the step's own" },
  },
  {
    name: "volumes are shared by the steps that name them",
    fields: ["steps.volumes"],
    config: {
      steps: [
        sh("echo v > /cache/x", { volumes: [{ name: "cache", path: "/cache" }] }),
        sh("cat /other/x", { volumes: [{ name: "cache", path: "/other" }] }),
        sh("ls /cache/x 2>/dev/null || echo gone"),
      ],
    },
    status: "SUCCESS",
    log: ["v", "gone"],
  },
  {
    name: "volumes of the whole build",
    fields: ["options.volumes"],
    config: {
      steps: [sh("echo g > /global/x"), sh("cat /global/x")],
      options: { volumes: [{ name: "shared", path: "/global" }] },
    },
    status: "SUCCESS",
    log: ["g"],
  },
  {
    name: "what a step writes to its output is a result",
    fields: ["BUILDER_OUTPUT"],
    config: { steps: [sh('echo made > "$$BUILDER_OUTPUT/output"'), sh("ls /builder/outputs | wc -l")] },
    status: "SUCCESS",
    output: "made\n",
  },
  {
    name: "the output of a failed step counts too",
    fields: ["BUILDER_OUTPUT"],
    config: { steps: [sh("echo half > $$BUILDER_OUTPUT/output; exit 1")] },
    status: "FAILURE",
    output: "half\n",
  },
];

const ENVIRONMENT: readonly ConformanceCase[] = [
  {
    name: "the step's variables win over those of the build, and a value may hold =",
    fields: ["steps.env", "options.env"],
    config: {
      steps: [sh('echo "$$A|$$B|$$C"', { env: ["B=step", "C=x=y"] })],
      options: { env: ["A=build", "B=build"] },
    },
    status: "SUCCESS",
    log: ["build|step|x=y"],
  },
  {
    name: "a step may set its own HOME",
    fields: ["steps.env"],
    config: one('echo "home is $$HOME"', { env: ["HOME=/workspace/mine"] }),
    status: "SUCCESS",
    log: ["home is /workspace/mine"],
  },
  {
    name: "variables of one step do not reach the next",
    fields: ["steps.env"],
    config: { steps: [sh("export LOST=1", { env: ["ONE=1"] }), sh('echo "[$$ONE$$LOST]"')] },
    status: "SUCCESS",
    log: ["[]"],
  },
  {
    name: "an image's variables are beneath all",
    fields: ["steps.env"],
    config: { steps: [sh('echo "$$FROM_IMAGE"'), sh('echo "$$FROM_IMAGE"', { env: ["FROM_IMAGE=no"] })] },
    status: "SUCCESS",
    log: ["yes", "no"],
    not: { host: "there is no image whose variables there could be" },
  },
  {
    name: "secrets are variables, and hidden in the log",
    fields: ["steps.secretEnv", "availableSecrets.secretManager"],
    config: {
      steps: [sh('echo "is $$KEY"; printf %s "$$KEY" | wc -c', { secretEnv: ["KEY"] })],
      availableSecrets: { secretManager: [{ versionName: "projects/p1/secrets/key/versions/latest", env: "KEY" }] },
    },
    status: "SUCCESS",
    log: ["is [secret]", "15"],
    absent: ["s3cret"],
  },
  {
    name: "a secret of the whole build",
    fields: ["options.secretEnv"],
    config: {
      steps: [sh('echo "is $$KEY"'), sh('echo "still $$KEY"')],
      options: { secretEnv: ["KEY"] },
      availableSecrets: { secretManager: [{ versionName: "projects/p1/secrets/key/versions/1", env: "KEY" }] },
    },
    status: "SUCCESS",
    log: ["is [secret]", "still [secret]"],
  },
  {
    name: "a secret that cannot be read fails the step",
    fields: ["availableSecrets.secretManager"],
    config: {
      steps: [sh("echo never", { secretEnv: ["KEY"] })],
      availableSecrets: { secretManager: [{ versionName: "projects/p1/secrets/none/versions/1", env: "KEY" }] },
    },
    status: "FAILURE",
    log: ["failed to access secret version for secret projects/p1/secrets/none/versions/1"],
    absent: ["never"],
  },
];

const ORDER: readonly ConformanceCase[] = [
  {
    name: "steps follow one another",
    fields: ["steps"],
    config: { steps: [sh("sleep 0.2; echo 1 >> order"), sh("echo 2 >> order"), sh("cat order | tr -d '\\n'; echo")] },
    status: "SUCCESS",
    log: ["Starting Step #0", "Finished Step #0", "Starting Step #1", "12"],
  },
  {
    name: "waitFor - starts at once, and named steps are waited for",
    fields: ["steps.waitFor", "steps.id"],
    config: {
      steps: [
        sh("while [ ! -e b ]; do sleep 0.05; done; echo a saw b", { id: "a" }),
        sh("echo > b", { id: "b", waitFor: ["-"] }),
        sh("echo c after both", { id: "c", waitFor: ["a", "b"] }),
      ],
    },
    status: "SUCCESS",
    log: ["a saw b", 'Step #2 - "c": c after both'],
  },
  {
    name: "without waitFor a step waits for those that began at once too",
    fields: ["steps.waitFor"],
    config: {
      steps: [
        sh("sleep 0.3; echo slow >> o", { waitFor: ["-"] }),
        sh("echo fast >> o", { waitFor: ["-"] }),
        sh("wc -l < o"),
      ],
    },
    status: "SUCCESS",
    log: ["2"],
  },
  {
    name: "the first failure ends the build",
    fields: ["steps"],
    config: {
      steps: [
        sh("while [ ! -e go ]; do sleep 0.05; done; exit 3", { id: "bad" }),
        sh("echo > go; sleep 300", { id: "long", waitFor: ["-"] }),
        sh("echo never"),
      ],
    },
    status: "FAILURE",
    log: ["ERROR", 'ERROR: build step 0 "busybox" failed: step exited with non-zero status: 3'],
    absent: ["never"],
  },
  {
    name: "allowFailure lets what waits go on",
    fields: ["steps.allowFailure"],
    config: { steps: [sh("exit 4", { allowFailure: true }), sh("echo went on")] },
    status: "SUCCESS",
    log: ["went on", "DONE"],
  },
  {
    name: "allowExitCodes allows those that it lists",
    fields: ["steps.allowExitCodes"],
    config: { steps: [sh("exit 4", { allowExitCodes: [3, 4] }), sh("echo went on")] },
    status: "SUCCESS",
    log: ["went on"],
  },
  {
    name: "allowExitCodes wins over allowFailure",
    fields: ["steps.allowExitCodes", "steps.allowFailure"],
    config: { steps: [sh("exit 5", { allowExitCodes: [4], allowFailure: true }), sh("echo never")] },
    status: "FAILURE",
    absent: ["never"],
  },
  {
    name: "a step's own time limit fails the build",
    fields: ["steps.timeout"],
    config: { steps: [sh("echo begun; sleep 300", { timeout: "1s" })] },
    status: "FAILURE",
    log: ["begun", 'ERROR: build step 0 "busybox" failed: context deadline exceeded'],
  },
  {
    name: "the build's time limit is TIMEOUT",
    fields: ["timeout"],
    config: { steps: [sh("echo begun; sleep 300")], timeout: "2s" },
    status: "TIMEOUT",
    log: ["begun", "TIMEOUT", "ERROR: context deadline exceeded"],
  },
  {
    name: "a step that does not listen is ended by force",
    fields: ["steps.timeout"],
    config: { steps: [sh("trap '' TERM; echo deaf; while :; do sleep 1; done", { timeout: "1s" })] },
    status: "FAILURE",
    log: ["deaf", "context deadline exceeded"],
  },
];

const SUBSTITUTIONS: readonly ConformanceCase[] = [
  {
    name: "the tokens, and nothing else",
    fields: ["substitutions"],
    config: {
      steps: [{ name: B, args: ["echo", "$_V ${_V}x $$_V $$$_V $(_V) $1 ${_V:-d}"] }],
      substitutions: { _V: "v" },
    },
    status: "SUCCESS",
    log: ["v vx $_V $v $(_V) $1 ${_V:-d}"],
  },
  {
    name: "the caller's values win over the file's",
    fields: ["substitutions"],
    config: { steps: [{ name: B, args: ["echo", "$_V $TAG_NAME"] }], substitutions: { _V: "file" } },
    substitutions: { _V: "caller", TAG_NAME: "v1" },
    status: "SUCCESS",
    log: ["caller v1"],
  },
  {
    name: "built-ins without a value are empty",
    fields: ["substitutions"],
    config: { steps: [{ name: B, args: ["echo", "[$SHORT_SHA][$PROJECT_ID][$LOCATION]"] }] },
    status: "SUCCESS",
    log: ["[][p1][global]"],
  },
  {
    name: "ALLOW_LOOSE forgives keys that do not match",
    fields: ["options.substitutionOption"],
    config: {
      steps: [{ name: B, args: ["echo", "[$_MISSING]"] }],
      substitutions: { _UNUSED: "x" },
      options: { substitutionOption: "ALLOW_LOOSE" },
    },
    status: "SUCCESS",
    log: ["[]"],
  },
  {
    name: "dynamic values refer to one another, with bash's operators",
    fields: ["options.dynamicSubstitutions"],
    config: {
      steps: [{ name: B, args: ["echo", "$_DIR $_ID $_DEFAULT $_UPPER $_LENGTH"] }],
      substitutions: {
        _OBJ: "data/run-42/state.json",
        _DIR: "${_OBJ/\\/state.json/}",
        _ID: "${_DIR##*-}",
        _DEFAULT: "${_EMPTY:-none}",
        _EMPTY: "",
        _UPPER: "${_ID}${_OBJ:0:4}",
        _LENGTH: "${#_OBJ}",
      },
      options: { dynamicSubstitutions: true },
    },
    status: "SUCCESS",
    log: ["data/run-42 42 none 42data 22"],
  },
  {
    name: "automap makes variables of them, for scripts",
    fields: ["options.automapSubstitutions", "steps.automapSubstitutions"],
    config: {
      steps: [
        { name: B, script: 'echo "$_V in $PROJECT_ID"' },
        { name: B, script: 'echo "[$_V]"', automapSubstitutions: false },
        { name: B, script: 'echo "$_V"', env: ["_V=own"] },
        { name: B, args: ["echo", "$_V"] },
      ],
      substitutions: { _V: "mapped" },
      options: { automapSubstitutions: true },
    },
    status: "SUCCESS",
    log: ["mapped in p1", "[]", "own", "mapped"],
  },
];

const REST: readonly ConformanceCase[] = [
  {
    name: "a step of many lines is in the log whole, prefixed, in its order",
    fields: ["log"],
    config: { steps: [sh("seq 1 2000"), sh("true")] },
    status: "SUCCESS",
    log: ["Step #0: 1\n", "Step #0: 999\n", "Step #0: 2000\n", "Finished Step #0"],
  },
  {
    name: "both streams and a last line without a break are kept",
    fields: ["log"],
    config: one("echo out; sleep 0.2; echo err >&2; sleep 0.2; printf last"),
    status: "SUCCESS",
    log: ["out", "err", "last"],
  },
  {
    name: "tags are substituted, made one of, and kept",
    fields: ["tags"],
    config: { steps: [sh("true")], tags: ["a", "$_T", "a"], substitutions: { _T: "t1" } },
    status: "SUCCESS",
  },
  {
    name: "options without an effect here are accepted",
    fields: ["options.machineType", "options.diskSizeGb", "options.logging", "options.pool", "queueTtl"],
    config: {
      steps: [sh("true")],
      queueTtl: "60s",
      options: { machineType: "E2_HIGHCPU_8", logging: "CLOUD_LOGGING_ONLY", pool: { name: "projects/p/x" } },
    },
    status: "SUCCESS",
  },
  {
    name: "an image that was not built fails the build after its steps",
    fields: ["images"],
    config: { steps: [sh("echo done")], images: ["gcr.io/p1/never"] },
    status: "FAILURE",
    log: ["done", 'failed to find one or more images after execution of build steps: ["gcr.io/p1/never"]'],
  },
  {
    name: "a dozen steps, one after the other",
    fields: ["steps"],
    config: { steps: Array.from({ length: 12 }, (_, at) => sh(`echo n${at}`)) },
    status: "SUCCESS",
    log: ["Step #0: n0", "Step #11: n11"],
  },
];

export const CASES: readonly ConformanceCase[] = [
  ...PROGRAM,
  ...PLACE,
  ...ENVIRONMENT,
  ...ORDER,
  ...SUBSTITUTIONS,
  ...REST,
];
