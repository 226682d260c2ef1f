import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { postgresNeedsAccount } from "./problems.ts";

/**
 * Under which identity PostgreSQL runs. It refuses root, so root has two ways: a user namespace without a map of ids,
 * where the very same process no longer counts as root and all files stay where they are; or another account, which then
 * has to reach both binaries and data.
 */
export type RunAs = { readonly kind: "self" } | { readonly kind: "user-namespace" } | AccountRunAs;

/** An account of the machine. */
export interface AccountRunAs {
  readonly kind: "account";
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Ends a command that hangs; `initdb` on a slow disk takes seconds. */
const COMMAND_DEADLINE_MS = 120_000;

/** What a command wrote last is enough to explain it, in characters. */
const OUTPUT_KEPT = 16_000;

/** Chooses the way. `asRoot` takes one of root's two ways instead of the first that works. */
export async function chooseRunAs(asRoot?: "user-namespace" | "account"): Promise<Result<RunAs, Problem>> {
  if (process.getuid?.() !== 0) return ok({ kind: "self" });
  const reasons: string[] = [];
  if (asRoot !== "account") {
    const probe = await runCommand({ kind: "user-namespace" }, { file: "true", args: [], cwd: "/" });
    if (probe.exitCode === 0) return ok({ kind: "user-namespace" });
    reasons.push(`User namespaces: ${probe.output.trim() || "unshare does not work"}`);
  }
  if (asRoot !== "user-namespace") {
    for (const name of ["postgres", "nobody"]) {
      const account = await accountNamed(name);
      if (account !== undefined) return ok(account);
    }
    reasons.push("There is neither an account postgres nor an account nobody.");
  }
  return err(postgresNeedsAccount(reasons));
}

/** The account of that name in /etc/passwd; PostgreSQL looks it up there too, so a bare number does not do. */
export async function accountNamed(name: string): Promise<AccountRunAs | undefined> {
  const text = await readFile("/etc/passwd", "utf8").catch(() => "");
  const fields = text
    .split("\n")
    .map((line) => line.split(":"))
    .find((parts) => parts[0] === name);
  const uid = Number(fields?.[2]);
  const gid = Number(fields?.[3]);
  if (fields === undefined || !Number.isInteger(uid) || !Number.isInteger(gid) || uid === 0) return undefined;
  return { kind: "account", name, uid, gid };
}

/** What `spawn` needs to run a program that way. */
export function spawnPlan(
  runAs: RunAs,
  file: string,
  args: readonly string[],
): { readonly file: string; readonly args: string[]; readonly identity: { uid?: number; gid?: number } } {
  switch (runAs.kind) {
    case "self":
      return { file, args: [...args], identity: {} };
    case "user-namespace":
      return { file: "unshare", args: ["--user", "--", file, ...args], identity: {} };
    case "account":
      return { file, args: [...args], identity: { uid: runAs.uid, gid: runAs.gid } };
  }
}

/** All that PostgreSQL gets to see of our environment: nothing of ours, least of all secrets. */
export const postgresEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

/** Runs a program to its end. Exit code 127 when it could not be started; `output` is the end of what it wrote. */
export function runCommand(
  runAs: RunAs,
  command: { readonly file: string; readonly args: readonly string[]; readonly cwd: string },
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const plan = spawnPlan(runAs, command.file, command.args);
  return new Promise((resolve) => {
    let output = "";
    const take = (piece: Buffer) => {
      output = (output + piece.toString("utf8")).slice(-OUTPUT_KEPT);
    };
    const child = spawn(plan.file, plan.args, {
      ...plan.identity,
      cwd: command.cwd,
      env: postgresEnvironment,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: COMMAND_DEADLINE_MS,
      killSignal: "SIGKILL",
    });
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => resolve({ exitCode: 127, output: error.message }));
    child.on("close", (code) => resolve({ exitCode: code ?? 1, output }));
  });
}
