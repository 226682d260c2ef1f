/** Work of a step in its own workspace: checkouts, images and scripts. Runs in the step's process, not in the server's. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { checkoutInto } from "../adapters/git/step-checkout.ts";
import { listSourceFiles } from "../adapters/images/list-source-files.ts";
import { createSourceImages } from "../adapters/images/source-images.ts";
import { gcloudVariables } from "../cli/gcloud-variables.ts";
import { assertNever } from "../core/values/assert.ts";
import { count } from "../core/values/count.ts";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { Secret } from "../core/values/secret.ts";
import type { StepWork, StepWorkOrder, StepWorkReport } from "../ports/step-work.ts";
import { checkoutFailed, scriptFailed } from "./problems.ts";

/** Where a step works, absolute, and as whom. */
interface StepFolders {
  /** The build's workspace, which all of its steps share. */
  readonly workspace: string;
  /** For files of one order only; outside the workspace, whose files may all be part of an image. */
  readonly scratch: string;
  /** The step's own: it pushes images as the account that its build runs as. */
  readonly token: Secret;
  /** Variables with which git finds its way out of the step's network. */
  readonly gitEnv: Readonly<Record<string, string>>;
  /** The server's address. */
  readonly server: string;
  /** A module's script with its arguments, as the step names it. */
  readonly command: readonly string[];
}

/** Does orders in the folders given. */
export function createStepWork(folders: StepFolders): StepWork {
  return {
    async perform(order, onLine) {
      switch (order.kind) {
        case "none":
          return ok({ kind: "none" });
        case "image-present":
          onLine(order.reference);
          return ok({ kind: "none" });
        case "checkout":
          return checkOut(folders, order, onLine);
        case "build-image":
          return buildImage(folders, order, onLine);
        case "run-script":
          return runScript(folders, order);
        default:
          return assertNever(order);
      }
    },
  };
}

async function checkOut(
  { workspace, gitEnv }: StepFolders,
  order: Extract<StepWorkOrder, { kind: "checkout" }>,
  onLine: (text: string) => void,
): Promise<Result<StepWorkReport, Problem>> {
  const done = await Promise.all(
    order.repositories.map(async ({ url, commit, path }) => {
      try {
        await checkoutInto({ url, commit, into: join(workspace, path), env: gitEnv });
        onLine(`${path} at ${commit.slice(0, 12)}`);
        return undefined;
      } catch (cause) {
        return checkoutFailed(url, commit, cause instanceof Error ? cause.message : String(cause));
      }
    }),
  );
  const problem = done.find((outcome) => outcome !== undefined);
  return problem === undefined ? ok({ kind: "none" }) : err(problem);
}

/** Runs the script with its output as the step's own; what it finds of gcloud is its environment and nothing else. */
async function runScript(
  { scratch, server, command }: StepFolders,
  { module, project, region, token }: Extract<StepWorkOrder, { kind: "run-script" }>,
): Promise<Result<StepWorkReport, Problem>> {
  const [program, ...args] = command;
  if (program === undefined) return err(scriptFailed(module, "no script is named behind the module"));
  const folder = join(scratch, "scripts", module);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "token"), token, { mode: 0o600 });
  try {
    const variables = { ...gcloudVariables({ server, folder, project, region }), PROJECT_ID: project, REGION: region };
    const child = spawn(program, args, {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...variables },
    });
    await once(child, "exit");
    const { exitCode: code, signalCode } = child;
    return code === 0 ? ok({ kind: "none" }) : err(scriptFailed(module, `it ended with ${signalCode ?? code}`));
  } catch (cause) {
    return err(scriptFailed(module, cause instanceof Error ? cause.message : String(cause)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildImage(
  { workspace, scratch, token }: StepFolders,
  order: Extract<StepWorkOrder, { kind: "build-image" }>,
  onLine: (text: string) => void,
): Promise<Result<StepWorkReport, Problem>> {
  const module = join(workspace, order.modulePath);
  const trees = [
    { from: module, to: ".", include: order.include },
    ...order.inputPaths.map((path) => ({ from: join(workspace, path), to: path, include: ["**"] })),
  ];
  const files: string[] = [];
  // The image's layout differs from the workspace's, so its files are laid out beside it first.
  const stage = join(scratch, "images", order.image);
  await rm(stage, { recursive: true, force: true });
  for (const { from, to, include } of trees) {
    const listed = await listSourceFiles({ root: from, include });
    if (!listed.ok) return err(listed.error[0]);
    for (const file of listed.value) {
      await copy(join(from, file), join(stage, to, file));
      files.push(join(to, file));
    }
  }
  onLine(`${count(files.length, "file")} from ${relative(workspace, module) || "the umbrella"}`);
  const digest = await createSourceImages({ registryUrl: order.registryUrl, token }).build({
    root: stage,
    files: files.sort(),
    command: order.command,
    labels: order.labels,
    repository: order.repository,
    tags: order.tags,
  });
  await rm(stage, { recursive: true, force: true });
  const reference = `${order.repository}@${digest}`;
  onLine(reference);
  return ok({ kind: "image-built", image: order.image, digest, reference });
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
}
