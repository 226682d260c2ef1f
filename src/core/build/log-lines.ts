import type { Build, EndStatus } from "./state.ts";
import { stepIdentifier } from "./step-graph.ts";

/** The first lines of a build's log; the source's own output would follow. */
export function openingLines(build: Build): readonly string[] {
  return [`starting build "${build.id}"`, "", "FETCHSOURCE"];
}

/** `Starting Step #0 - "fetch"`; a build's only step has no such lines. */
export function stepLine(build: Build, step: number, word: "Starting" | "Finished"): readonly string[] {
  const config = build.config.steps[step];
  if (build.config.steps.length === 1 || config === undefined) return [];
  return [`${word} ${stepIdentifier(config, step)}`];
}

/** The last lines of a build's log. */
export function closingLines(build: Build, status: EndStatus): readonly string[] {
  const error = build.ending === undefined ? [] : [`ERROR: ${build.ending.logLine}`];
  switch (status) {
    case "SUCCESS":
      return ["DONE"];
    case "TIMEOUT":
    case "CANCELLED":
      return [status, ...error];
    case "EXPIRED":
      return ["EXPIRED", "ERROR: the build waited longer than its queueTtl"];
    case "FAILURE":
    case "INTERNAL_ERROR":
      return ["ERROR", ...error];
  }
}
