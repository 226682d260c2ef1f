import { describe, expect, it } from "vitest";
import { renderDoctor } from "./doctor-checks.ts";
import {
  judgeClock,
  judgeDisk,
  judgeGit,
  judgeIsolation,
  judgeNode,
  judgeStateDirectory,
  judgeTool,
} from "./judge-machine.ts";

const GIB = 1024 ** 3;
const there = { kind: "there", path: "/s", mode: 0o40700, isWritable: true } as const;

describe("what doctor finds on a machine", () => {
  it.each([
    [judgeGit("git version 2.39.5"), "ok"],
    [judgeGit("git version 2.30.0 (Apple Git-130)"), "ok"],
    [judgeGit("git version 2.29.9"), "failed"],
    [judgeGit(undefined), "failed"],
    [judgeNode("v24.15.0"), "ok"],
    [judgeNode("v22.22.2"), "ok"],
    [judgeNode("v27.1.0"), "ok"],
    [judgeNode("v24.2.0"), "failed"],
    [judgeNode("v23.9.0"), "failed"],
    [judgeNode("v20.20.2"), "failed"],
    [judgeTool("gcloud", "Google Cloud SDK 528.0.0", "x"), "ok"],
    [judgeTool("gcloud", undefined, "scripts that use it cannot run"), "warning"],
    [judgeDisk(50 * GIB), "ok"],
    [judgeDisk(5 * GIB), "warning"],
    [judgeDisk(GIB), "failed"],
    [judgeStateDirectory(there), "ok"],
    [judgeStateDirectory({ ...there, mode: 0o40777 }), "failed"],
    [judgeStateDirectory({ ...there, isWritable: false }), "failed"],
    [judgeStateDirectory({ kind: "missing", path: "/s", isCreatable: true }), "ok"],
    [judgeStateDirectory({ kind: "missing", path: "/s", isCreatable: false }), "failed"],
    [judgeClock(-2_000), "ok"],
    [judgeClock(120_000), "failed"],
    [judgeClock(undefined), "unknown"],
  ] as const)("%j", (check, verdict) => {
    expect(check.verdict).toBe(verdict);
    expect(check.fix === undefined).toBe(verdict === "ok");
  });

  it("counts the verdicts and gives each its fix", () => {
    const checks = [judgeGit("git version 2.39.5"), ...judgeIsolation({ namespaces: "not-usable", docker: "answers" })];
    expect(renderDoctor(checks)).toBe(
      `ok       git: git version 2.39.5
warning  sandbox: steps on this machine are not kept apart: unshare is missing, or the kernel allows no user namespaces
         fix: Install util-linux and allow user namespaces (docs/decisions/0006-sandbox-by-namespaces.md).
ok       docker: a Docker Engine answers

2 ok, 1 warning.`,
    );
  });
});
