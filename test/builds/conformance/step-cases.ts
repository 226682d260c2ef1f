import { B, type ConformanceCase, one, sh } from "./case.ts";

/** What a step runs, where, and what it sees. */
export const PROGRAM: readonly ConformanceCase[] = [
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

export const PLACE: readonly ConformanceCase[] = [
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

export const ENVIRONMENT: readonly ConformanceCase[] = [
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
