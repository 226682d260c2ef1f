import fc from "fast-check";
import { expect, it } from "vitest";
import { prefixedLines } from "./prefixed-lines.ts";

function prefixed(prefix: string, chunks: readonly Buffer[]): Buffer {
  const passed: Buffer[] = [];
  const lines = prefixedLines(Buffer.from(prefix), (bytes) => passed.push(Buffer.from(bytes)));
  lines.begin();
  for (const chunk of chunks) lines.add(chunk);
  lines.end();
  return Buffer.concat(passed);
}

it("puts the prefix before each line, wherever the text is cut, and ends the last one", () => {
  const line = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => text.replaceAll("\n", "")),
    fc.integer({ min: 40, max: 300_000 }).map((length) => "x".repeat(length)),
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 30 }),
      fc.constantFrom("", "\n"),
      fc.integer({ min: 1, max: 400_000 }),
      (lines, end, size) => {
        const text = Buffer.from(lines.join("\n") + end);
        const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
          text.subarray(at * size, (at + 1) * size),
        );
        const whole = text.toString();
        const expected =
          whole === ""
            ? ""
            : `${`${whole.replace(/\n$/, "")}`
                .split("\n")
                .map((each) => `Step #0: ${each}`)
                .join("\n")}\n`;
        expect(prefixed("Step #0: ", chunks).equals(Buffer.from(expected))).toBe(true);
        expect(
          prefixed("", chunks).equals(Buffer.from(whole === "" || whole.endsWith("\n") ? whole : `${whole}\n`)),
        ).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});
