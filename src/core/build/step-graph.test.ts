import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BuildStep } from "./build-config.ts";
import { stepGraph } from "./step-graph.ts";

const step = (id?: string, waitFor?: readonly string[]): BuildStep => ({
  name: "ubuntu",
  ...(id === undefined ? {} : { id }),
  ...(waitFor === undefined ? {} : { waitFor }),
});

describe("waitFor", () => {
  it("absent or empty waits for every earlier step, those that began with - too", () => {
    expect(stepGraph([step("a", ["-"]), step("b", ["-"]), step(), step("d", [])])).toEqual({
      ok: true,
      value: [[], [], [0, 1], [0, 1, 2]],
    });
  });

  it("names only what it waits for; - among ids is there already", () => {
    expect(stepGraph([step("a"), step("b"), step("c", ["a", "-", "a"])])).toMatchObject({ value: [[], [0], [0]] });
  });

  it("refuses later, unknown and own ids in Cloud Build's words", () => {
    const unknown = 'build step #0 - "b" depends on "zzz", which has not been defined';
    expect(stepGraph([step("b", ["zzz"])])).toEqual({ ok: false, error: unknown });
    expect(stepGraph([step(undefined, ["zzz"])])).toEqual({
      ok: false,
      error: 'build step #0 depends on "zzz", which has not been defined',
    });
    expect(stepGraph([step("a", ["a"])]).ok).toBe(false);
    expect(stepGraph([step("a", ["b"]), step("b")]).ok).toBe(false);
  });

  it("never makes a circle: every edge leads backwards", () => {
    const names = fc.constantFrom("-", "s0", "s1", "s2", "s3", "s4", "s5");
    const lists = fc.array(fc.option(fc.array(names, { maxLength: 3 }), { nil: undefined }), { maxLength: 6 });
    fc.assert(
      fc.property(lists, (waits) => {
        const graph = stepGraph(waits.map((waitFor, index) => step(`s${index}`, waitFor)));
        return !graph.ok || graph.value.every((before, index) => before.every((other) => other < index));
      }),
    );
  });
});
