import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { FixtureEntry } from "../contract/image-fixture.ts";

/** A busybox that needs no library, from Debian's `busybox-static`; undefined where there is none. */
export const BUSYBOX = ["/usr/bin/busybox", "/bin/busybox"].find((path) => existsSync(path) && isStatic(path));

function isStatic(path: string): boolean {
  // The C library's own tool names the libraries of a program, and fails where it is told of one that has none.
  const { status, stdout } = spawnSync("ldd", [path], { encoding: "utf8" });
  return status !== 0 || !stdout.includes("=>");
}

/** A program with the libraries that it needs, each at the path that it has here. */
export function programFiles(path: string, name: string): readonly FixtureEntry[] {
  const { stdout } = spawnSync("ldd", [path], { encoding: "utf8" });
  const libraries = [...new Set(stdout.match(/\/\S+/g) ?? [])].filter((library) => library !== `${path}:`);
  return [
    { name, mode: 0o755, content: readFileSync(path) },
    ...libraries.map(
      (library): FixtureEntry => ({ name: library.slice(1), mode: 0o755, content: readFileSync(library) }),
    ),
  ];
}

/** The files of an image with nothing but busybox: its applets are absolute links, as in the image of that name. */
export function busyboxFiles(): readonly FixtureEntry[] {
  if (BUSYBOX === undefined) throw new Error("there is no static busybox here");
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).split("\n").filter(Boolean);
  const folder = (name: string, mode = 0o755): FixtureEntry => ({ name, type: "directory", mode });
  return [
    ...["bin", "etc", "usr", "usr/bin", "root", "home"].map((name) => folder(name)),
    folder("tmp", 0o1777),
    { name: "bin/busybox", mode: 0o755, content: readFileSync(BUSYBOX) },
    ...applets
      .filter((applet) => applet !== "busybox")
      .map((applet): FixtureEntry => ({ name: `bin/${applet}`, type: "symlink", linkname: "/bin/busybox" })),
    { name: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1000::/home:/bin/sh\n" },
    { name: "etc/group", content: "root:x:0:\nworker:x:1000:\n" },
    { name: "etc/image-release", content: "busybox\n" },
  ];
}
