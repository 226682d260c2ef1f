import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LogComposer, openLogComposer, type RawProgress } from "./log-composer.ts";

function add(composer: LogComposer, text: string, progress?: RawProgress): void {
  expect(composer.append((pass) => pass(Buffer.from(text)), progress)).toBe("stored");
}

describe("openLogComposer", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mobius-log-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const log = () => readFileSync(join(folder, "log.txt"), "utf8");

  function compose() {
    const composer = openLogComposer(folder);
    add(composer, "BUILD\n");
    add(composer, "Step #0: ä\n", { name: "0-1", bytes: 3 });
    add(composer, "Step #1: b\n", { name: "1-1", bytes: 2 });
    composer.close();
  }

  it("knows how far each raw file is in the log, also when it is opened again", () => {
    compose();
    const again = openLogComposer(folder);
    expect([again.taken("0-1"), again.taken("1-1"), again.taken("2-1")]).toEqual([3, 2, 0]);
    add(again, "Step #0: c\n", { name: "0-1", bytes: 5 });
    again.close();
    expect(log()).toBe("BUILD\nStep #0: ä\nStep #1: b\nStep #0: c\n");
  });

  it("cuts back a piece that only the log has", () => {
    compose();
    appendFileSync(join(folder, "log.txt"), "Step #1: cut o");
    const again = openLogComposer(folder);
    expect(log()).toBe("BUILD\nStep #0: ä\nStep #1: b\n");
    expect(again.taken("1-1")).toBe(2);
    again.close();
  });

  it("forgets a piece that only the index has", () => {
    compose();
    truncateSync(join(folder, "log.txt"), Buffer.byteLength("BUILD\nStep #0: ä\n") + 3);
    const again = openLogComposer(folder);
    expect(log()).toBe("BUILD\nStep #0: ä\n");
    expect([again.taken("0-1"), again.taken("1-1")]).toEqual([3, 0]);
    add(again, "Step #1: b\n", { name: "1-1", bytes: 2 });
    again.close();
    expect(openLogComposer(folder).taken("1-1")).toBe(2);
  });

  it("does not trust a line that was cut off", () => {
    compose();
    const index = readFileSync(join(folder, "log.index"), "utf8");
    truncateSync(join(folder, "log.index"), index.length - 2);
    const again = openLogComposer(folder);
    expect(log()).toBe("BUILD\nStep #0: ä\n");
    again.close();
  });
});
