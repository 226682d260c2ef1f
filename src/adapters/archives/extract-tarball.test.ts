import { createWriteStream } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { extractTarball } from "./extract-tarball.ts";

describe("extractTarball", () => {
  let folder: string;
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mobius-archive-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Packs the entries and unpacks them into a new folder. */
  async function unpack(
    entries: readonly (Partial<Header> & { readonly name: string } & { readonly content?: string })[],
  ) {
    count += 1;
    const [archive, into] = [join(folder, `${count}.tgz`), join(folder, `${count}`, "into")];
    await mkdir(into, { recursive: true });
    const packer = pack();
    for (const { content, ...header } of entries) packer.entry(header, content ?? "");
    packer.finalize();
    await pipeline(packer, createGzip(), createWriteStream(archive));
    return { outcome: await extractTarball(archive, into), into };
  }

  it("unpacks files with their modes, folders, and links within", async () => {
    const { outcome, into } = await unpack([
      { name: "app/", type: "directory" },
      { name: "app/run.sh", mode: 0o755, content: "echo\n" },
      { name: "./plain.txt", mode: 0o640, content: "plain" },
      { name: "app/link", type: "symlink", linkname: "../plain.txt" },
    ]);
    expect(outcome).toEqual({ ok: true, value: undefined });
    expect((await lstat(join(into, "app/run.sh"))).mode & 0o777).toBe(0o755);
    expect(await readFile(join(into, "app/link"), "utf8")).toBe("plain");
  });

  it.each([
    ["a name that goes up", { name: "../evil", content: "x" }, '"../evil" leads out of the source'],
    ["an absolute name", { name: "/etc/evil", content: "x" }, '"/etc/evil" leads out of the source'],
    [
      "a link that leads out",
      { name: "l", type: "symlink", linkname: "../../etc" },
      'link "l" leads out of the source',
    ],
    ["an absolute link", { name: "l", type: "symlink", linkname: "/etc/passwd" }, 'link "l" leads out of the source'],
    ["a device", { name: "d", type: "block-device" }, '"d" is a block-device, which a source cannot have'],
    ["a hard link", { name: "h", type: "link", linkname: "x" }, '"h" is a link, which a source cannot have'],
  ] as const)("refuses %s", async (_what, entry, error) => {
    const { outcome, into } = await unpack([entry as Header]);
    expect(outcome).toEqual({ ok: false, error });
    expect(await readdir(join(into, ".."))).toEqual(["into"]);
  });

  it("writes nothing through a link, whatever the order", async () => {
    const { outcome, into } = await unpack([
      { name: "x", type: "symlink", linkname: "y" },
      { name: "x/evil", content: "x" },
    ]);
    expect(outcome.ok).toBe(false);
    expect(await readdir(join(into, ".."))).toEqual(["into"]);
  });

  it("says so where the archive is none, or is cut off", async () => {
    const path = join(folder, "text");
    await writeFile(path, "this is no archive");
    expect(await extractTarball(path, folder)).toMatchObject({ ok: false, error: expect.stringContaining("header") });
    await unpack([{ name: "a", content: "x".repeat(100_000) }]);
    const whole = await readFile(join(folder, `${count}.tgz`));
    await writeFile(path, whole.subarray(0, whole.length - 20));
    expect(await extractTarball(path, folder)).toMatchObject({ ok: false });
  });
});
