import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { closest } from "./closest.ts";
import {
  anyScalar,
  boolean,
  decimal,
  durationMs,
  integer,
  name,
  nonEmpty,
  path,
  percent,
  ratio,
  text,
} from "./scalars.ts";

describe("scalars", () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ["integer", integer(0), "007", 7],
    ["decimal", decimal(), "0.5", 0.5],
    ["boolean", boolean(), "false", false],
    ["milliseconds", durationMs(), "500ms", 500],
    ["days", durationMs(), "14d", 1_209_600_000],
    ["percent", percent(), "0.5%", 0.5],
    ["ratio", ratio(), "1.2x", 1.2],
    ["a number of its own type", anyScalar(), "-1.5", -1.5],
    ["a truth of its own type", anyScalar(), "true", true],
    ["a text of its own type", anyScalar(), "up", "up"],
    ["a path", path(), "a/b..c/.d", "a/b..c/.d"],
    ["a list", nonEmpty(text()), ["a", "b"], ["a", "b"]],
  ])("reads %s", (_what, schema, written, value) => {
    expect(schema.parse(written)).toEqual(value);
  });

  it.each<[string, z.ZodType, readonly unknown[]]>([
    ["integer", integer(1), ["0", "1.5", "-1", "1e3", "", " 1"]],
    ["decimal", decimal(), ["-1", "1e3", ".5", "NaN"]],
    ["boolean", boolean(), ["yes", "on", "True", "1"]],
    ["duration", durationMs(), ["30", "1.5s", "s", "-1s", "1w"]],
    ["percent", percent(), ["1", "%", "-1%"]],
    ["ratio", ratio(), ["1.2", "x", "-1x"]],
    ["name", name(), ["1a", "-a", "a b", "a/b", ""]],
    ["path", path(), ["", "/a", "..", "a/..", "a/../b", "~/a", "-a", "a\\b", "a\nb", "x".repeat(1_025)]],
    ["list", nonEmpty(text()), [[], [""]]],
  ])("refuses what is no %s", (_what, schema, wrong) => {
    for (const each of wrong) expect(schema.safeParse(each).success, JSON.stringify(each)).toBe(false);
  });
});

describe("closest", () => {
  it("finds the slip, however it is written, and nothing for another word", () => {
    const known = ["mobius-chat", "mobius-rag", "os"];
    expect(closest("mobius-chta", known)).toBe("mobius-chat");
    expect(closest("Mobius-RAG", known)).toBe("mobius-rag");
    expect(closest("payments", known)).toBeUndefined();
    expect(closest("xy", known)).toBeUndefined();
    expect(closest("x", [])).toBeUndefined();
  });
});
