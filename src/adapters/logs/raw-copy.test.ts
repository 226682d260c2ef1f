import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openLogComposer } from "./log-composer.ts";
import { rawCopy } from "./raw-copy.ts";

it("copies all of two files that grow, whole lines only, however they grow", () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 12 }),
    fc.integer({ min: 200_000, max: 600_000 }).map((length) => `${"x".repeat(length)}`),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1), text, fc.nat(3)), { maxLength: 12 }), (growth) => {
      const folder = mkdtempSync(join(tmpdir(), "mobius-copy-"));
      try {
        const composer = openLogComposer(folder);
        const paths = [0, 1].map((step) => join(folder, `raw-${step}`));
        const copies = paths.map((path, step) => rawCopy({ composer, path, name: `${step}-1`, prefix: `${step}: ` }));
        const raw = ["", ""];
        for (const [step, more, looks] of growth) {
          raw[step] += more;
          appendFileSync(paths[step] ?? "", more);
          for (let look = 0; look < looks; look++) copies[(step + look) % 2]?.next("running");
        }
        for (const copy of copies) while (copy.next("ended").bytes > 0);
        for (const copy of copies) copy.close();
        composer.close();
        const lines = readFileSync(join(folder, "log.txt"), "latin1").split("\n");
        expect(lines.pop()).toBe("");
        for (const step of [0, 1]) {
          const own = lines.filter((line) => line.startsWith(`${step}: `)).map((line) => `${line.slice(3)}\n`);
          const whole = raw[step] === "" || raw[step]?.endsWith("\n") ? raw[step] : `${raw[step]}\n`;
          expect(own.join("") === whole).toBe(true);
        }
        expect(lines.every((line) => /^[01]: /.test(line))).toBe(true);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 100 },
  );
});
