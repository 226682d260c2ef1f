import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createImageUnpacker } from "../../src/adapters/images/image-unpacker.ts";
import { createSourceImages } from "../../src/adapters/images/source-images.ts";
import { FIXTURE_REPOSITORY, type FixtureEntry, startImageFixture, tarOf } from "./image-fixture.ts";

async function filesBeneath(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.sort().map(async (file) => [file.slice(folder.length + 1), await readFile(file, "utf8")])),
  );
}

describe("image unpacker", () => {
  it("gives back a source image's files, read-only, and its command", async () => {
    await using fixture = await startImageFixture();
    const root = join(fixture.directory, "source");
    await mkdir(join(root, "lib"), { recursive: true });
    await writeFile(join(root, "server.js"), "listen();", { mode: 0o640 });
    await writeFile(join(root, "lib/run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    await writeFile(join(root, "lib/empty"), "");
    const { registryUrl } = fixture;
    const digest = await createSourceImages({ registryUrl }).build({
      root,
      files: ["lib/empty", "lib/run.sh", "server.js"],
      command: ["node", "server.js"],
      labels: {},
      repository: FIXTURE_REPOSITORY,
      tags: ["v1"],
    });
    const image = await fixture.unpacker.unpack(`${FIXTURE_REPOSITORY}:v1`);
    expect(image).toEqual({
      directory: join(fixture.unpackedDirectory, digest.slice("sha256:".length), "rootfs"),
      digest,
      command: ["node", "server.js"],
      entrypoint: image.entrypoint,
      user: "",
      env: {},
      workingDirectory: join(image.directory, "app"),
    });
    expect(await filesBeneath(image.workingDirectory)).toEqual({
      "server.js": "listen();",
      "lib/run.sh": "#!/bin/sh\n",
      "lib/empty": "",
    });
    expect((await stat(join(image.workingDirectory, "server.js"))).mode & 0o777).toBe(0o444);
    expect((await stat(join(image.workingDirectory, "lib/run.sh"))).mode & 0o777).toBe(0o555);
  });

  it("unpacks once for all who ask, and what an earlier server began is removed", async () => {
    await using fixture = await startImageFixture();
    await mkdir(join(fixture.unpackedDirectory, ".partial-old/rootfs"), { recursive: true });
    const reference = await fixture.push({ layers: [[{ name: "a", content: "a" }]] });
    const all = await Promise.all(Array.from({ length: 5 }, () => fixture.unpacker.unpack(reference)));
    expect(new Set(all.map(({ directory }) => directory)).size).toBe(1);
    expect(await readdir(fixture.unpackedDirectory)).toEqual([reference.split("sha256:")[1]]);
    // Another server finds it there and needs no registry.
    const { unpackedDirectory } = fixture;
    const later = createImageUnpacker({ registryUrl: "http://127.0.0.1:9", unpackedDirectory });
    expect(await later.unpack(reference)).toEqual(all[0]);
  });

  it("joins entry point and command, and reads the environment", async () => {
    await using fixture = await startImageFixture();
    const config = {
      Entrypoint: ["sh", "-c"],
      Cmd: ["x"],
      Env: ["A=1=2", "B=", "=no"],
      WorkingDir: "/made/up",
      Labels: null,
    };
    const image = await fixture.unpacker.unpack(await fixture.push({ layers: [], config }));
    expect(image).toMatchObject({ command: ["sh", "-c", "x"], env: { A: "1=2", B: "" } });
    expect((await stat(image.workingDirectory)).isDirectory()).toBe(true);
  });

  it("lays layers over one another: replaced, hidden, and hidden whole", async () => {
    await using fixture = await startImageFixture();
    const reference = await fixture.push({
      compression: "gzip",
      layers: [
        [
          { name: "./kept", content: "1" },
          { name: "changed", content: "1" },
          { name: "gone", content: "1" },
          { name: "folder/", type: "directory" },
          { name: "folder/old", content: "1" },
          { name: "was-folder/file", content: "1" },
        ],
        [
          { name: "changed", content: "2" },
          { name: ".wh.gone" },
          { name: "folder/new", content: "2" },
          { name: "folder/.wh..wh..opq" },
          { name: "was-folder", content: "2" },
          { name: "same", type: "link", linkname: "kept" },
          { name: "to-kept", type: "symlink", linkname: "folder/../kept" },
          { name: "to-nothing", type: "symlink", linkname: "later" },
        ],
      ],
    });
    const { directory } = await fixture.unpacker.unpack(reference);
    expect(await filesBeneath(directory)).toEqual({
      kept: "1",
      changed: "2",
      "folder/new": "2",
      "was-folder": "2",
      same: "1",
    });
    expect(await readFile(join(directory, "to-kept"), "utf8")).toBe("1");
  });

  const up = "../".repeat(12);
  const hostile: readonly (readonly [string, readonly (readonly FixtureEntry[])[], string])[] = [
    ["a name that goes up", [[{ name: "a/../../evil", content: "x" }]], "leaves the image"],
    ["an absolute name", [[{ name: "/tmp/evil", content: "x" }]], "leaves the image"],
    ["a backslash", [[{ name: "a\\..\\evil", content: "x" }]], "leaves the image"],
    ["a link to an absolute path", [[{ name: "l", type: "symlink", linkname: "/etc/passwd" }]], "leads out"],
    ["a link that goes up", [[{ name: "a/l", type: "symlink", linkname: `${up}etc/passwd` }]], "leads out"],
    [
      "a link that goes up behind another link",
      [
        [
          { name: "p/q/r/l", type: "symlink", linkname: "../../../z" },
          { name: "z/", type: "directory" },
          { name: "m", type: "symlink", linkname: "p/q/r/l/../../etc/passwd" },
        ],
      ],
      "leads out",
    ],
    [
      "a link of an earlier layer that a later one leads out",
      [
        [
          { name: "p/q/", type: "directory" },
          { name: "z/", type: "directory" },
          { name: "m", type: "symlink", linkname: "p/q/../../z" },
        ],
        [{ name: ".wh.p" }, { name: "p2/", type: "directory" }, { name: "p/q", type: "symlink", linkname: "../z" }],
      ],
      "leads out",
    ],
    [
      "links in a circle",
      [
        [
          { name: "a", type: "symlink", linkname: "b" },
          { name: "b", type: "symlink", linkname: "a" },
        ],
      ],
      "leads out",
    ],
    [
      "a file beneath a link",
      [
        [
          { name: "l", type: "symlink", linkname: "." },
          { name: "l/evil", content: "x" },
        ],
      ],
      "goes through",
    ],
    [
      "a file beneath a link of an earlier layer",
      [[{ name: "l", type: "symlink", linkname: "d" }], [{ name: "l/evil", content: "x" }]],
      "goes through",
    ],
    ["a hard link that goes up", [[{ name: "h", type: "link", linkname: `${up}etc/passwd` }]], "leaves the image"],
    ["a hard link to nothing", [[{ name: "h", type: "link", linkname: "none" }]], "no file of the image"],
    [
      "a hard link through a link",
      [
        [
          { name: "l", type: "symlink", linkname: "." },
          { name: "h", type: "link", linkname: "l/h2" },
        ],
      ],
      "goes through",
    ],
    ["a device", [[{ name: "sda", type: "block-device", devmajor: 8, devminor: 0 }]], "block-device"],
    ["a pipe", [[{ name: "pipe", type: "fifo" }]], "fifo"],
    ["a marker that hides the parent", [[{ name: ".wh..." }]], "leaves the image"],
  ];

  it.each(hostile)("refuses %s, and leaves nothing behind", async (_, layers, reason) => {
    await using fixture = await startImageFixture();
    const reference = await fixture.push({ layers });
    await writeFile(join(fixture.directory, "outside"), "untouched");
    await expect(fixture.unpacker.unpack(reference)).rejects.toThrow(reason);
    expect(await readdir(fixture.unpackedDirectory)).toEqual([]);
    expect((await readdir(fixture.directory)).sort()).toEqual(["outside", "registry", "unpacked"]);
    // It is refused again, not taken for done.
    await expect(fixture.unpacker.unpack(reference)).rejects.toThrow(reason);
  });

  it("refuses a working directory outside, or behind a link", async () => {
    await using fixture = await startImageFixture();
    const outside = await fixture.push({ layers: [], config: { WorkingDir: "/a/../../.." } });
    await expect(fixture.unpacker.unpack(outside)).rejects.toThrow("leaves the image");
    const layers = [[{ name: "l", type: "symlink", linkname: "." } as const]];
    const behind = await fixture.push({ layers, config: { WorkingDir: "/l" } });
    await expect(fixture.unpacker.unpack(behind)).rejects.toThrow("is a link");
  });

  it("refuses an archive that grows a hundredfold", async () => {
    await using fixture = await startImageFixture();
    const layers = [[{ name: "zeros", content: "\0".repeat(20_000_000) }]];
    await expect(fixture.unpacker.unpack(await fixture.push({ layers, compression: "gzip" }))).rejects.toThrow(
      "100 times",
    );
  });

  it("refuses a layer that is cut off, or that is no archive", async () => {
    await using fixture = await startImageFixture();
    const whole = await tarOf([{ name: "a", content: "x".repeat(5_000) }]);
    const cut = await fixture.push({ layers: [whole.subarray(0, 2_000)] });
    await expect(fixture.unpacker.unpack(cut)).rejects.toThrow("end of data");
    const noise = await fixture.push({ layers: [Buffer.alloc(1_024, "noise")] });
    await expect(fixture.unpacker.unpack(noise)).rejects.toThrow("header");
    expect(await readdir(fixture.unpackedDirectory)).toEqual([]);
  });

  it("refuses content that is not what the digest says, in layer, manifest and configuration", async () => {
    await using fixture = await startImageFixture();
    const reference = await fixture.push({ layers: [[{ name: "a", content: "a" }]], config: { Cmd: ["a"] } });
    const blobs = join(fixture.directory, "registry/blobs");
    const files = (await readdir(blobs, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files).toHaveLength(3);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      const content = await readFile(path);
      await writeFile(path, Buffer.concat([content.subarray(0, -1), Buffer.from([1])]));
      await expect(fixture.unpacker.unpack(reference)).rejects.toThrow("sha256:");
      await writeFile(path, content);
    }
    const { directory } = await fixture.unpacker.unpack(reference);
    expect(await filesBeneath(directory)).toEqual({ a: "a" });
  });

  it("says that an image is not there", async () => {
    await using fixture = await startImageFixture();
    const absent = `${FIXTURE_REPOSITORY}@sha256:${"0".repeat(64)}`;
    await expect(fixture.unpacker.unpack(`${FIXTURE_REPOSITORY}:none`)).rejects.toThrow("no image");
    await expect(fixture.unpacker.unpack(absent)).rejects.toThrow("no image");
  });
});
