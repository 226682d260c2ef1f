import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { EXECUTORS } from "../executors.ts";
import { CASES } from "./cases.ts";

/** What `test/builds/boundary.test.ts` shows. */
const KEPT = "of an environment's build, where the kernel allows it";

/** What other suites show of an executor, by the same words. */
const ELSEWHERE: readonly (readonly [field: string, host: string, oci: string, docker: string])[] = [
  ["artifacts.objects", "yes", "yes", "yes"],
  ["images (built by a step, pushed by the build)", "with docker installed", "no: there is no daemon", "yes"],
  ["source", "yes", "yes", "yes"],
  [
    "the daemon's socket in the step",
    "the host's; of an environment's build, in steps of the docker builder",
    "no",
    "yes",
  ],
  ["a step goes on when the server is killed", "no: ended, or run again", "no: ended, or run again", "yes"],
  ["own files", "no: the host's", "yes", "yes"],
  ["own processes", "where the kernel allows it", "yes", "yes"],
  ["own network", KEPT, KEPT, "`cloudbuild`"],
  ["limits of memory and processor", "no", "no", "no"],
];

it("the table of fields by executor says what the suite shows", () => {
  const document = readFileSync(join(import.meta.dirname, "../../../docs/differences.md"), "utf8");
  expect(document).toContain(table());
});

it("there are at least forty builds beside the platform's own", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(40);
});

function table(): string {
  const fields = [...new Set(CASES.flatMap((each) => each.fields))].sort();
  const shown = fields.map((field) => {
    const cases = CASES.filter((each) => each.fields.includes(field));
    const cells = EXECUTORS.map((executor) => {
      const reasons = cases.flatMap((each) => each.not?.[executor] ?? []);
      const but = reasons.length === 0 ? "" : `, but: ${reasons.join("; ")}`;
      return reasons.length === cases.length ? `no: ${reasons.join("; ")}` : `yes${but}`;
    });
    return `| \`${field}\` | ${cells.join(" | ")} |`;
  });
  const others = ELSEWHERE.map((row) => `| ${row.join(" | ")} |`);
  return [`| Field | ${EXECUTORS.join(" | ")} |`, "| --- | --- | --- | --- |", ...shown, ...others, ""].join("\n");
}
