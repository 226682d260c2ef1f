import { B, type ConformanceCase, one, sh } from "./case.ts";

/** How a build's steps follow one another, and what it is given and leaves. */
export const ORDER: readonly ConformanceCase[] = [
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
    name: "a step is asked to end before it is made to, and what it says then is kept",
    fields: ["steps.timeout"],
    config: { steps: [sh("trap 'echo polite; exit 3' TERM; echo begun; sleep 300 & wait", { timeout: "1s" })] },
    status: "FAILURE",
    log: ["begun", "polite", "context deadline exceeded"],
  },
  {
    name: "a step that does not listen is ended by force",
    fields: ["steps.timeout"],
    config: { steps: [sh("trap '' TERM; echo deaf; while :; do sleep 1; done", { timeout: "1s" })] },
    status: "FAILURE",
    log: ["deaf", "context deadline exceeded"],
  },
];

export const SUBSTITUTIONS: readonly ConformanceCase[] = [
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

export const REST: readonly ConformanceCase[] = [
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
