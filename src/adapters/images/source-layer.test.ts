import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sourceLayer } from "./source-layer.ts";

const FILES = ["bin/run.sh", "lib/a.js", "lib.js", `long/${"x".repeat(90)}/${"ü".repeat(90)}.js`, "link"];

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mobius-layer-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function digestOf(root: string, files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of sourceLayer(root, files)) hash.update(piece);
  return hash.digest("hex");
}

/** The files in a new folder, made in the order given and under a umask. */
async function folder({
  umask,
  order,
}: {
  readonly umask: number;
  readonly order: readonly string[];
}): Promise<string> {
  const before = process.umask(umask);
  try {
    const root = await mkdtemp(join(directory, "root-"));
    for (const path of order) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      if (path === "link") await symlink("lib.js", join(root, path));
      else await writeFile(join(root, path), `content of ${path}`, { mode: 0o666 });
    }
    await chmod(join(root, "bin/run.sh"), 0o777 & ~umask);
    return root;
  } finally {
    process.umask(before);
  }
}

it("has the same bytes for the same files, wherever, whenever and under whatever umask they were made", async () => {
  const first = await folder({ umask: 0o022, order: FILES });
  const second = await folder({ umask: 0o077, order: [...FILES].reverse() });
  await utimes(join(second, "lib.js"), 1, 1);
  const digest = await digestOf(first, FILES);
  expect(await digestOf(second, [...FILES].reverse())).toBe(digest);
  // Pinned: another digest here means that every image is built anew, which only a new recipe version may do.
  expect(digest).toBe("447e2974c23a2f0a6811d311a29898eccef8abf424fa7a864c7985afbf3985af");
});

it("differs where a file may be run, or is another", async () => {
  const root = await folder({ umask: 0o022, order: FILES });
  const before = await digestOf(root, FILES);
  await chmod(join(root, "lib.js"), 0o755);
  const runnable = await digestOf(root, FILES);
  await writeFile(join(root, "lib.js"), "other");
  expect(new Set([before, runnable, await digestOf(root, FILES)]).size).toBe(3);
});

it("breaks for a file that is missing, leads out, or is neither file nor link", async () => {
  const root = await folder({ umask: 0o022, order: FILES });
  await symlink("/etc/passwd", join(root, "out"));
  await symlink("/etc", join(root, "etc"));
  await expect(digestOf(root, ["none"])).rejects.toThrow("ENOENT");
  await expect(digestOf(root, ["out"])).rejects.toThrow("leads out");
  await expect(digestOf(root, ["etc/passwd"])).rejects.toThrow("leads out");
  await expect(digestOf(root, ["../x"])).rejects.toThrow();
  await expect(digestOf(root, ["lib"])).rejects.toThrow("neither");
});

it("streams a file of many megabytes piece by piece", async () => {
  const root = await folder({ umask: 0o022, order: FILES });
  await writeFile(join(root, "big"), Buffer.alloc(20 * 1024 * 1024, 1));
  let largest = 0;
  let total = 0;
  for await (const piece of sourceLayer(root, ["big"])) {
    largest = Math.max(largest, piece.length);
    total += piece.length;
  }
  expect(total).toBeGreaterThan(20 * 1024 * 1024);
  expect(largest).toBeLessThanOrEqual(1024 * 1024);
});
