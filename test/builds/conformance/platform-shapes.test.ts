/** The seven build configurations that the platform's modules have, in their shapes, with images that are really built. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findDockerEngine } from "../../../src/adapters/executors/docker/docker-engine.ts";
import type { BuildConfig } from "../../../src/core/build/build-config.ts";
import { actorId } from "../../../src/core/values/ids.ts";
import { tarOf } from "../../contract/image-fixture.ts";
import { BUSYBOX, busyboxFiles, programFiles } from "../../support/busybox.ts";
import { type BuildWorld, createBuildWorld, TOKEN } from "../build-world.ts";
import { type ExecutorParts, missing, startExecutor } from "../executors.ts";

const DOCKER = "gcr.io/cloud-builders/docker";
const CLOUD_SDK = "gcr.io/google.com/cloudsdktool/cloud-sdk";
const BASE = "busybox:shapes";
const engine = BUSYBOX === undefined ? undefined : await findDockerEngine("/var/run/docker.sock");
const dockerProgram = programPath("docker");
const isMissing = engine === undefined || dockerProgram === undefined;
if (isMissing) console.warn("SKIPPED: the platform's build configurations: no Docker Engine, or no docker command.");

function programPath(name: string): string | undefined {
  try {
    return execFileSync("sh", ["-c", `readlink -f "$(command -v ${name})"`], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Stands for gcloud, which would need a cloud: it says what it was asked for. */
const GCLOUD = '#!/bin/sh\necho "gcloud $*"\n';

interface Shape {
  readonly name: string;
  readonly config: BuildConfig;
  readonly substitutions: Readonly<Record<string, string>>;
  readonly log: readonly string[];
  /** Tags that the registry has in the end. */
  readonly pushed: readonly string[];
}

const service = (name: string, cache: string, logging: string): Shape => ({
  name,
  config: {
    steps: [
      {
        id: "build",
        name: DOCKER,
        args: ["build", "--file", "${_DOCKERFILE}", "--tag", "${_IMAGE}", ...(cache === "" ? [] : [cache]), "."],
      },
      { id: "push", name: DOCKER, args: ["push", "${_IMAGE}"], waitFor: ["build"] },
      { id: "tag", name: DOCKER, args: ["tag", "${_IMAGE}", "${_IMAGE_BASE}:latest"], waitFor: ["push"] },
      { id: "push-latest", name: DOCKER, args: ["push", "${_IMAGE_BASE}:latest"], waitFor: ["tag"] },
    ],
    options: { machineType: "E2_HIGHCPU_8", logging },
    timeout: "1800s",
  },
  substitutions: { _IMAGE: `IMAGES/${name}:7`, _IMAGE_BASE: `IMAGES/${name}`, _DOCKERFILE: "deploy/Dockerfile" },
  log: ["Successfully tagged", 'Starting Step #3 - "push-latest"', "latest: digest: sha256:", "DONE"],
  pushed: [`${name}:7`, `${name}:latest`],
});

const SHAPES: readonly Shape[] = [
  service("chat", "--cache-from=IMAGES/chat:latest", "CLOUD_LOGGING_ONLY"),
  service("feedback", "--no-cache", "CLOUD_LOGGING_ONLY"),
  service("product-awareness", "--no-cache", "CLOUD_LOGGING_ONLY"),
  service("user", "", "CLOUD_LOGGING_ONLY"),
  {
    name: "module-hub",
    config: {
      steps: [{ name: DOCKER, args: ["build", "-f", "deploy/Dockerfile", "-t", "$_IMAGE", "."] }],
      images: ["$_IMAGE"],
    },
    substitutions: { _IMAGE: "IMAGES/module-hub:7" },
    log: ["Successfully tagged", "PUSH", "Pushing IMAGES/module-hub:7", "DONE"],
    pushed: ["module-hub:7"],
  },
  {
    name: "os",
    config: {
      substitutions: { _SERVICE_NAME: "os-backend", _REGION: "us-central1", _CLOUDSQL_INSTANCE: "p:r:i", _TAG: "7" },
      steps: [
        {
          name: DOCKER,
          args: ["build", "-f", "deploy/Dockerfile", "-t", "${_HOST}/os:$_TAG", "-t", "${_HOST}/os:latest", "."],
        },
        { name: DOCKER, args: ["push", "--all-tags", "${_HOST}/os"] },
        {
          name: CLOUD_SDK,
          entrypoint: "gcloud",
          args: [
            "run",
            "deploy",
            "$_SERVICE_NAME",
            "--image=${_HOST}/os:$_TAG",
            "--region=$_REGION",
            "--add-cloudsql-instances=$_CLOUDSQL_INSTANCE",
          ],
        },
      ],
      images: ["${_HOST}/os:$_TAG"],
      options: { logging: "CLOUD_LOGGING_ONLY" },
    },
    substitutions: { _HOST: "IMAGES" },
    log: [
      "gcloud run deploy os-backend --image=IMAGES/os:7 --region=us-central1 --add-cloudsql-instances=p:r:i",
      "DONE",
    ],
    pushed: ["os:7", "os:latest"],
  },
  {
    name: "specs",
    config: {
      steps: [
        { name: DOCKER, args: ["build", "-f", "deploy/Dockerfile", "-t", "$_IMAGE:v$SHORT_SHA", "."] },
        { name: CLOUD_SDK, entrypoint: "gcloud", args: ["run", "deploy", "specs-api"], allowFailure: true },
        { name: CLOUD_SDK, entrypoint: "gcloud", args: ["run", "deploy", "specs-ui"], allowFailure: true },
      ],
      images: ["$_IMAGE:v$SHORT_SHA"],
      options: { machineType: "N1_HIGHCPU_8" },
      tags: ["specs", "$SHORT_SHA"],
    },
    substitutions: { _IMAGE: "IMAGES/specs" },
    log: ["gcloud run deploy specs-api", "gcloud run deploy specs-ui", "DONE"],
    pushed: ["specs:v"],
  },
];

describe.each(["host", "docker"] as const)("on the %s executor", (executor) => {
  let parts: ExecutorParts;
  let own: ExecutorParts;
  let world: BuildWorld;
  /** Names of images: on the host those of Google, in containers the registry's own address. */
  let images: string;

  beforeAll(async () => {
    if (isMissing || missing(executor) !== undefined) return;
    parts = await startExecutor("docker");
    own = await startExecutor(executor);
    const directory = mkdtempSync(join(tmpdir(), "mobius-builds-"));
    const registry = new URL(parts.registryUrl).host;
    images = executor === "host" ? "gcr.io/mobius-staging" : `${registry}/mobius-staging`;
    await prepareImages();
    const tools = join(directory, "programs"); // all that the sandbox shows of the installation
    mkdirSync(tools);
    writeFileSync(join(tools, "gcloud"), GCLOUD, { mode: 0o755 });
    copyFileSync(resolve(import.meta.dirname, "../../../src/main/docker-command.sh"), join(tools, "docker"));
    chmodSync(join(tools, "docker"), 0o755);
    const { localImages, resolveImage } = parts;
    world = createBuildWorld(
      {
        executor: await own.make(directory),
        ...(localImages === undefined ? {} : { localImages }),
        resolveImage,
        async sourceFor(_, workspace) {
          mkdirSync(join(workspace, "deploy"), { recursive: true });
          writeFileSync(
            join(workspace, "deploy/Dockerfile"),
            `FROM ${BASE}\nCOPY deploy /app\nCMD ["cat", "/app/Dockerfile"]\n`,
          );
          return { ok: true, value: undefined };
        },
        stepEnvironment: async () => ({
          env: {
            PATH: `${tools}:${process.env.PATH}`,
            DOCKER_BUILDKIT: "0",
            ...(executor === "host" ? { MOBIUS_REGISTRY: registry } : {}),
          },
          secretEnv: {},
        }),
      },
      directory,
    );
  }, 120_000);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await own?.[Symbol.asyncDispose]();
    await parts?.[Symbol.asyncDispose]();
  });

  it.skipIf(isMissing).each(SHAPES)(
    "$name builds, pushes and goes on",
    async ({ config, substitutions, log, pushed }) => {
      const named = (text: string) => text.replaceAll("IMAGES", images);
      const asked = JSON.parse(named(JSON.stringify({ config, substitutions })));
      const source = { storageSource: { bucket: "b", object: "o" } };
      const submitted = await world.engine.submit({
        project: "p1",
        location: "global",
        config: { ...asked.config, source },
        substitutions: asked.substitutions,
        actor: actorId("person", "ada"),
      });
      if (!submitted.ok) throw new Error(submitted.error.message);
      const build = await world.engine.ended(submitted.value.id, AbortSignal.timeout(90_000));
      if (build?.stage.name !== "ended") throw new Error(`the build did not end: ${world.faults}`);
      const text = await world.log(build);
      expect(build.stage.status, text).toBe("SUCCESS");
      for (const each of log) expect(text).toContain(named(each));
      expect(text).not.toContain(TOKEN);
      for (const tag of pushed) {
        const repository = executor === "host" ? images : "mobius-staging";
        expect(await parts.resolveImage(`${repository}/${tag}`), `${repository}/${tag}`).toMatch(/^sha256:/);
      }
    },
    120_000,
  );
});

/** Puts the builders and the base into the engine, made of what this machine has. */
async function prepareImages(): Promise<void> {
  const builder = [...busyboxFiles(), ...programFiles(dockerProgram ?? "", "usr/bin/docker")];
  const sdk = [...busyboxFiles(), { name: "bin/gcloud", mode: 0o755, content: GCLOUD }];
  for (const [name, files, change] of [
    [`${DOCKER}:latest`, builder, 'ENTRYPOINT ["/usr/bin/docker"]'],
    [`${CLOUD_SDK}:latest`, sdk, "CMD sh"],
    [BASE, busyboxFiles(), "CMD sh"],
  ] as const) {
    const [repo = "", tag = ""] = name.split(/:(?=[^/]+$)/);
    const query = new URLSearchParams({ fromSrc: "-", repo, tag, changes: change });
    const body = await tarOf(files);
    for await (const _ of (await engine?.stream("POST", `/images/create?${query}`, { body })) ?? []);
  }
}
