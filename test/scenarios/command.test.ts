import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const BIN = resolve(import.meta.dirname, "../../bin/mobius");
const sh = (script: string) => promisify(execFile)("bash", ["-c", script], { timeout: 60_000 });

describe("bin/mobius", () => {
  it("runs from any folder and through a link, under the Node that the installation pins", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mobius-bin-"));
    await symlink(BIN, join(folder, "mobius"));
    const { stdout } = await sh(`cd / && ${folder}/mobius --version`);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    await rm(folder, { recursive: true });
  });

  it("is quiet when its reader has seen enough", async () => {
    const { stderr } = await sh(`set -o pipefail; ${BIN} --help | true; echo "\${PIPESTATUS[0]}" >&2`);
    expect(stderr).toBe("0\n");
  });

  it("says how a command line is wrong, and exits 2", async () => {
    await expect(sh(`${BIN} plan --nope x`)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown option '--nope'"),
    });
    await expect(sh(`${BIN} phase migrate`)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("runs in a step"),
    });
  });
});
