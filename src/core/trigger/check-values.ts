import type { BuildConfig } from "../build/build-config.ts";
import { referencedKeys } from "../build/substitution-keys.ts";
import { err, ok, type Result } from "../values/result.ts";

/** What a name of a file or a revision may consist of: nothing that a shell, a path or git would take for more. */
const NAME = /^[\w./-]{1,512}$/;
/** What may be pasted into the text of a shell: characters that mean nothing to it. */
const HARMLESS = /^(?!-)[A-Za-z0-9._/@:+,=-]{0,512}$/;
/** Keys of releases, whose values are names wherever they come from. */
const NAMES: ReadonlySet<string> = new Set(["_RELEASE_MANIFEST", "_GIT_REF"]);
/** Built-in keys that hold what somebody called a branch or a tag: git takes `$(id)` for a name. */
const NAMED_BY_SENDER: ReadonlySet<string> = new Set(["BRANCH_NAME", "TAG_NAME", "REF_NAME"]);
const SHELL = /(^|\/)(ba|da|a|z)?sh$/;

/** Values that stand in the trigger itself: whether a release's are names. Those that an event gives are not there yet. */
export function checkOwnValues(values: Readonly<Record<string, string>>): Result<void, string> {
  const bad = Object.entries(values).find(([key, value]) => NAMES.has(key) && !value.includes("$") && !isName(value));
  return bad === undefined ? ok(undefined) : err(notName(bad[0]));
}

export interface ValuesOfRun {
  readonly config: BuildConfig;
  /** All of them, as they go into the build. */
  readonly values: Readonly<Record<string, string>>;
  readonly builtIns: Readonly<Record<string, string>>;
  /** By key, texts in its value that somebody outside wrote. */
  readonly given: Readonly<Record<string, readonly string[]>>;
}

/**
 * Whether a run's values are safe in the places where its build puts them: substitution is text, so what a sender wrote
 * would be part of a program where a shell's text names it. Elsewhere, such as in `env`, it may be anything.
 */
export function checkValuesOfRun({ config, values, builtIns, given }: ValuesOfRun): Result<void, string> {
  const own = checkOwnValues(values);
  if (!own.ok) return own;
  const unnamed = [...NAMES].find((key) => given[key]?.every(isName) === false);
  if (unnamed !== undefined) return err(notName(unnamed));
  // No program can be given such a value, neither as an argument nor as a variable.
  const broken = Object.keys(given).find((key) => given[key]?.some((text) => text.includes("\0")));
  if (broken !== undefined) return err(`the value of ${broken} holds a NUL character`);
  for (const [index, text] of shellTexts(config)) {
    for (const key of keysIn(text, values)) {
      const named = NAMED_BY_SENDER.has(key) ? [builtIns[key] ?? ""] : [];
      if ([...named, ...(given[key] ?? [])].every((part) => HARMLESS.test(part))) continue;
      const where = config.steps[index]?.id ?? `#${index}`;
      return err(`the value of ${key} would be shell text of step ${where}: give it to the step as a variable in env`);
    }
  }
  return ok(undefined);
}

function isName(value: string): boolean {
  return value === "" || (NAME.test(value) && !/^[-/]|\.\./.test(value));
}

function notName(key: string): string {
  return `the value of ${key} must be a name of letters, digits and . _ / -, without .. and not beginning with / or -`;
}

function shellTexts({ steps }: BuildConfig): readonly (readonly [number, string])[] {
  return steps.flatMap(({ entrypoint, args = [] }, index) => {
    const isShell = SHELL.test(entrypoint ?? args[0] ?? "");
    const flag = args.findIndex((arg) => /^-\w*c$/.test(arg));
    const text = flag < 0 ? undefined : args[flag + 1];
    return isShell && text !== undefined ? [[index, text] as const] : [];
  });
}

/** The keys that a text names, and those that their values name. */
function keysIn(text: string, values: Readonly<Record<string, string>>): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (within: string): void => {
    for (const key of namedKeys(within)) {
      if (found.has(key)) continue;
      found.add(key);
      look(values[key] ?? "");
    }
  };
  look(text);
  return found;
}

/** With bash's operators a name stands after `${` and perhaps deeper; any name that is a key there counts. */
function namedKeys(text: string): readonly string[] {
  const inBraces = [...text.matchAll(/\$\{[#!]?([A-Z_][A-Z0-9_]*)/g)].map((match) => match[1] ?? "");
  return [...referencedKeys(text).map(({ key }) => key), ...inBraces];
}
