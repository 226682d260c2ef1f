import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../system/system-clock.ts";
import { openLineIndex, type ReadAt, readAtOnce } from "./line-index.ts";
import { readLines } from "./read-lines.ts";
import { createStepLogs } from "./step-logs.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mobius-lines-"));
  mkdirSync(join(folder, "b1"));
  path = join(folder, "b1", "log.txt");
});
afterEach(() => rmSync(folder, { recursive: true }));

const stepLogs = () => createStepLogs({ buildsDirectory: folder, clock: systemClock });
const texts = async (fromLine: number, count: number) => {
  const { lines, total } = await stepLogs().lines({ build: "b1", fromLine, count });
  return { texts: lines.map(({ text }) => text), total };
};
const numbered = (from: number, count: number) => Array.from({ length: count }, (_, at) => `line ${from + at}`);

/** Reads lines as a request does, and counts what is read of the log for it. */
async function counted(fromLine: number, count: number): Promise<{ texts: readonly string[]; bytes: number }> {
  let bytes = 0;
  const readAt: ReadAt = (...place) => {
    const read = readAtOnce(...place);
    bytes += read;
    return read;
  };
  const file = openSync(path, "r");
  using index = await openLineIndex({ path, file, readAt });
  const lines = readLines({ file, readAt, index }, fromLine, count);
  closeSync(file);
  return { texts: lines.map(({ text }) => text), bytes };
}

describe("lines of a log", () => {
  it("are those that reading all of it gives, also while it grows", async () => {
    const line = fc.string({ unit: fc.constantFrom("a", "☂", "\u001b[31m", "\r"), maxLength: 40 });
    const lines = fc.array(fc.record({ line, times: fc.integer({ min: 1, max: 1_500 }) }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(lines, { minLength: 1, maxLength: 3 }),
        line,
        fc.nat(),
        fc.nat(3_000),
        async (parts, rest, at, count) => {
          rmSync(`${path}.lines`, { force: true });
          writeFileSync(path, "");
          for (const part of parts) {
            appendFileSync(path, part.map(({ line: text, times }) => `${text}\n`.repeat(times)).join("") + rest);
            const all = readFileSync(path, "utf8").split("\n");
            if (all.at(-1) === "") all.pop();
            const fromLine = at % (all.length + 1);
            expect(await texts(fromLine, count)).toEqual({
              texts: all.slice(fromLine, fromLine + count),
              total: all.length,
            });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("cost the same wherever they stand, once the log is indexed", async () => {
    const lines = numbered(0, 400_000);
    writeFileSync(path, `${lines.join("\n")}\n`);
    const first = await counted(0, 10);
    expect(first.bytes).toBeGreaterThan(statSync(path).size);
    for (const from of [0, 199_999, 399_990]) {
      const { texts: found, bytes } = await counted(from, 10);
      expect(found).toEqual(numbered(from, 10));
      expect(bytes).toBeLessThan(256 * 1024);
    }
  });

  it("are found behind a very long one without reading that, of which only the beginning is given", async () => {
    const long = "ä".repeat(2 * 1024 * 1024);
    writeFileSync(path, `a\n${long}\nb\n`);
    const { lines, total } = await stepLogs().lines({ build: "b1", fromLine: 0, count: 9 });
    expect(lines.map(({ fromByte, bytes }) => [fromByte, bytes])).toEqual([
      [0, 1],
      [2, 4 * 1024 * 1024],
      [4 * 1024 * 1024 + 3, 1],
    ]);
    expect(lines[1]?.text).toBe("ä".repeat(8 * 1024));
    expect(total).toBe(3);
    expect(await counted(2, 1)).toMatchObject({ texts: ["b"] });
    expect((await counted(2, 1)).bytes).toBeLessThan(1024);
  });

  it("are right after the log was cut back and written again, and with an index that is damaged", async () => {
    writeFileSync(path, `${numbered(0, 5_000).join("\n")}\n`);
    await texts(0, 1);
    truncateSync(path, 20_001);
    expect((await texts(0, 9_999)).texts).toEqual(readFileSync(path, "utf8").split("\n"));
    writeFileSync(`${path}.lines`, Buffer.alloc(40, 1));
    expect((await texts(1_500, 2)).texts).toEqual(numbered(1_500, 2));
  });

  it("are none where there is no log, and stop at about 1 MiB", async () => {
    expect(await texts(0, 10)).toEqual({ texts: [], total: 0 });
    writeFileSync(path, `${"x".repeat(10_000)}\n`.repeat(500));
    expect((await texts(0, 500)).texts).toHaveLength(105);
  });
});
