import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openOutputRelay } from "./output-relay.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mobius-output-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is in the file after a process printed the chunks. */
function stored(chunks: readonly string[], quotaBytes: number): string {
  const path = join(folder, "step.log");
  rmSync(path, { force: true });
  const relay = openOutputRelay({ path, mask: ["secret-1"], quotaBytes });
  for (const chunk of chunks) relay.take(Buffer.from(chunk));
  relay.end();
  return readFileSync(path, "utf8");
}

it("keeps as much as the quota has, and says on one line how much it cut off", () => {
  const said = (bytes: number) => `[${bytes} bytes of output were cut off: 10 bytes of a step's output are kept]\n`;
  expect(stored(["0123456789"], 10)).toBe("0123456789");
  expect(stored(["01234", "56789ab", "cdef"], 10)).toBe(`0123456789\n${said(6)}`);
  expect(stored(["01234567\n", "9\n", "x"], 11)).toBe(
    "01234567\n9\n\n[1 bytes of output were cut off: 11 bytes of a step's output are kept]\n".replace("\n\n", "\n"),
  );
});

it("cuts no secret in two: what may be one is cut off with the rest", () => {
  expect(stored(["ab secret-1"], 9)).toBe(
    "ab \n[8 bytes of output were cut off: 9 bytes of a step's output are kept]\n",
  );
  expect(stored(["ab secret", "-1 c"], 12)).toBe(
    "ab [secret] \n[1 bytes of output were cut off: 12 bytes of a step's output are kept]\n",
  );
});

it("accounts for every byte, however the output is cut into chunks", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary-ascii", maxLength: 30 }), { maxLength: 20 }),
      fc.nat(200),
      (chunks, quota) => {
        const all = chunks.join("");
        const text = stored(chunks, quota);
        const [, kept = text, cut = "0"] = /^(.*?)\n?\[(\d+) bytes of output were cut off: .*\]\n$/s.exec(text) ?? [];
        expect(all.startsWith(kept)).toBe(true);
        expect(all.length - kept.length - Number(cut)).toBeOneOf([0, 1]);
      },
    ),
  );
});
