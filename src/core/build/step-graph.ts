import { err, ok, type Result } from "../values/result.ts";
import type { BuildStep } from "./build-config.ts";

/** For each step, the indices of the steps that must end well before it may start. Always smaller than its own. */
export type StepGraph = readonly (readonly number[])[];

/** Graphs of steps that were read already: a build asks after each of its events, and its steps never change. */
const known = new WeakMap<readonly BuildStep[], Result<StepGraph, string>>();

/**
 * Reads `waitFor`. Absent or empty: every earlier step, those that began with `-` included. `-` means "already there".
 * Only earlier steps can be named, so a circle cannot be written. The first complaint is Cloud Build's own.
 */
export function stepGraph(steps: readonly BuildStep[]): Result<StepGraph, string> {
  const graph = known.get(steps) ?? readGraph(steps);
  known.set(steps, graph);
  return graph;
}

function readGraph(steps: readonly BuildStep[]): Result<StepGraph, string> {
  const byId = new Map<string, number>();
  const graph: number[][] = [];
  for (const [index, step] of steps.entries()) {
    const names = step.waitFor ?? [];
    const before: number[] = [];
    for (const name of names) {
      if (name === "-") continue;
      const found = byId.get(name);
      if (found === undefined) return err(`${stepName(step, index)} depends on "${name}", which has not been defined`);
      if (!before.includes(found)) before.push(found);
    }
    graph.push(names.length === 0 ? [...steps.keys()].slice(0, index) : before);
    if (step.id !== undefined && step.id !== "") byId.set(step.id, index);
  }
  return ok(graph);
}

function stepName(step: BuildStep, index: number): string {
  return step.id === undefined || step.id === "" ? `build step #${index}` : `build step #${index} - "${step.id}"`;
}

/** `Step #1` or `Step #1 - "fetch"`: how the log names a step. */
export function stepIdentifier(step: Pick<BuildStep, "id">, index: number): string {
  return step.id === undefined || step.id === "" ? `Step #${index}` : `Step #${index} - "${step.id}"`;
}
