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

  /** Steps s0, s1, …: each waits for what it names among the earlier ones, for `-`, or for the default. */
  const graphs = fc
    .array(fc.option(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), { nil: undefined }), { maxLength: 9 })
    .map((waits) =>
      waits.map((wanted, index) => {
        // 9 stands for `-`, and so does everything that is not earlier.
        const names = wanted?.map((other) => (other < index ? `s${other}` : "-"));
        return step(`s${index}`, names);
      }),
    );

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

  it("lets every step begin in the end, in an order that keeps each after what it waits for", () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat({ max: 99 })), (steps, choices) => {
        const graph = stepGraph(steps);
        if (!graph.ok) throw new Error(graph.error);
        const order: number[] = [];
        while (order.length < steps.length) {
          const ready = [...steps.keys()].filter(
            (index) => !order.includes(index) && graph.value[index]?.every((other) => order.includes(other)),
          );
          expect(ready.length).toBeGreaterThan(0);
          order.push(ready[Number(choices.next().value) % ready.length] ?? -1);
        }
        for (const [index, before] of graph.value.entries()) {
          for (const other of before) expect(order.indexOf(other)).toBeLessThan(order.indexOf(index));
        }
      }),
    );
  });

  it("starts at once what waits for - alone, and nothing else but the first step", () => {
    fc.assert(
      fc.property(graphs, (steps) => {
        const graph = stepGraph(steps);
        const atOnce = graph.ok ? graph.value.map((before) => before.length === 0) : [];
        const expected = steps.map(({ waitFor = [] }, index) => {
          return index === 0 || (waitFor.length > 0 && waitFor.every((name) => name === "-"));
        });
        expect(atOnce).toEqual(expected);
      }),
    );
  });
});
