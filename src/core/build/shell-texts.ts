import { isMap, isScalar, isSeq, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import type { BuildConfig } from "./build-config.ts";
import type { BuildFile } from "./parse-build-config.ts";

/** A step's program text as it stands in the file, and what the step knows by name. */
export interface ShellText {
  readonly step: number;
  readonly node: YAMLMap;
  /** Where the text's own source begins in the file, and the source, quotes or block header included. */
  readonly at: number;
  readonly source: string;
  readonly isBlock: boolean;
  /** Names that the text sets itself. */
  readonly assigned: ReadonlySet<string>;
  /** Names that the step gets from `env` and `secretEnv`, its own and the build's. */
  readonly given: ReadonlySet<string>;
}

const SHELL = /(^|\/)(ba|da|a|z)?sh$/;
const ASSIGNED =
  /(?:^|[\s;&|({])(?:(?:export|local|readonly|declare|typeset)\s+(?:-\w+\s+)*)?([A-Za-z_]\w*)=|\b(?:for|read(?:\s+-\w+)*)\s+([A-Za-z_]\w*)/g;

/** The step's node and its fields' nodes. */
export function stepNode(file: BuildFile, step: number): YAMLMap | undefined {
  const node = file.document.getIn(["steps", step], true);
  return isMap(node) ? node : undefined;
}

/** The list that a field of the step holds, where it is written as one. */
export function listNode(step: YAMLMap, field: string): YAMLSeq | undefined {
  const node = step.get(field, true);
  return isSeq(node) ? node : undefined;
}

/** All texts of the file that a shell runs: the argument after `-c` of bash, sh and their like. Scripts are not among them. */
export function shellTexts(text: string, file: BuildFile, config: BuildConfig): readonly ShellText[] {
  return config.steps.flatMap((step, index): readonly ShellText[] => {
    const node = stepNode(file, index);
    const args = step.args ?? [];
    const isShell = SHELL.test(step.entrypoint ?? args[0] ?? "");
    const flag = args.findIndex((arg) => /^-\w*c$/.test(arg));
    const scalar = node === undefined ? undefined : listNode(node, "args")?.items[flag + 1];
    if (node === undefined || !isShell || flag < 0 || !isScalar(scalar)) return [];
    const [from, to] = rangeOf(scalar);
    return [
      {
        step: index,
        node,
        at: from,
        source: text.slice(from, to),
        isBlock: scalar.type === "BLOCK_LITERAL",
        assigned: new Set([...(args[flag + 1] ?? "").matchAll(ASSIGNED)].map((match) => match[1] ?? match[2] ?? "")),
        given: new Set([
          ...[...(config.options?.env ?? []), ...(step.env ?? [])].map((entry) => entry.split("=")[0] ?? ""),
          ...(config.options?.secretEnv ?? []),
          ...(step.secretEnv ?? []),
        ]),
      },
    ];
  });
}

/** Where a scalar's source begins and ends. */
export function rangeOf(scalar: Scalar): readonly [number, number] {
  return [scalar.range?.[0] ?? 0, scalar.range?.[1] ?? 0];
}
