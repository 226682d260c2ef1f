import type { Finding, LintSubject } from "./finding.ts";
import { shellVariableLost, shellVariableUnescaped, substitutionInShell } from "./problems.ts";
import { listNode, type ShellText, shellTexts } from "./shell-texts.ts";
import { type Edit, insertAfter, insertFieldBefore } from "./splice.ts";
import { stepIdentifier } from "./step-graph.ts";
import { isBuiltIn, referencedKeys } from "./substitution-keys.ts";

/** Every container has these, so a step that reads them expects no other step's value. */
const EVERYWHERE: ReadonlySet<string> = new Set(["HOME", "PATH", "PWD", "USER", "HOSTNAME", "SHELL", "IFS"]);

/** A variable that a line of shell text sets to a substitution and nothing else: it belongs into `env`. */
interface Binding {
  readonly name: string;
  /** The substitution as written, such as `${_RELEASE_MANIFEST}`. */
  readonly reference: string;
  readonly key: string;
  readonly line: { readonly from: number; readonly to: number };
}

const BINDING =
  /^[ \t]*(?:export[ \t]+)?([A-Z_][A-Z0-9_]*)=(["']?)(\$\{(_[A-Z0-9_]+)\}|\$(_[A-Z0-9_]+))\2[ \t]*\r?\n/gm;

/** What shell texts get wrong: unescaped variables, variables of another step, pasted substitutions. */
export function shellFindings(subject: LintSubject): readonly Finding[] {
  const texts = shellTexts(subject.text, subject.file, subject.config);
  return texts.flatMap((shell) => {
    const bindings = bindingsOf(shell);
    const lost = lostVariables(subject, shell, texts);
    const wanted = new Map([
      ...bindings.map(({ name, reference }) => [name, reference] as const),
      ...lost.flatMap(({ name, reference }) => (reference === undefined ? [] : [[name, reference] as const])),
    ]);
    const env = envEdit(subject, shell, wanted);
    return [
      ...unescaped(subject, shell),
      ...lost.map(({ problem, reference }) => ({ problem, edits: reference === undefined ? [] : env })),
      ...pasted(subject, shell, bindings, env),
    ];
  });
}

/** Upper-case variables of the shell that Cloud Build would take for substitutions, each name once a text. */
function unescaped({ file, config }: LintSubject, shell: ShellText): readonly Finding[] {
  const places = new Map<string, number[]>();
  for (const { key, at } of referencedKeys(shell.source)) {
    if (isBuiltIn(key)) continue;
    const isUserKey = key.startsWith("_") && (key in (config.substitutions ?? {}) || !shell.assigned.has(key));
    if (!isUserKey) places.set(key, [...(places.get(key) ?? []), shell.at + at]);
  }
  return [...places].map(([key, offsets]) => ({
    problem: shellVariableUnescaped(key, file.whereOffset(offsets[0] ?? shell.at)),
    edits: offsets.map((from) => ({ from, to: from, text: "$" })),
  }));
}

interface Lost {
  readonly name: string;
  /** What the earlier step sets it to, where that is one substitution and can be repeated. */
  readonly reference: string | undefined;
  readonly problem: Finding["problem"];
}

function lostVariables({ file, config }: LintSubject, shell: ShellText, all: readonly ShellText[]): readonly Lost[] {
  const read = [
    ...referencedKeys(shell.source),
    ...[...shell.source.matchAll(/\$\$\{?([A-Za-z_]\w*)/g)].map((match) => ({ key: match[1] ?? "", at: match.index })),
  ];
  const found = new Map<string, Lost>();
  for (const { key, at } of read) {
    if (found.has(key) || EVERYWHERE.has(key) || shell.assigned.has(key) || shell.given.has(key)) continue;
    if (key in (config.substitutions ?? {}) || isBuiltIn(key)) continue;
    const setter = all.findLast(
      (other) => other.step < shell.step && (other.assigned.has(key) || other.given.has(key)),
    );
    if (setter === undefined) continue;
    const reference =
      bindingsOf(setter).find((binding) => binding.name === key)?.reference ?? givenReference(config, setter, key);
    const earlier = stepIdentifier(config.steps[setter.step] ?? {}, setter.step);
    const problem = shellVariableLost(key, earlier, file.whereOffset(shell.at + at));
    found.set(key, { name: key, reference, problem });
  }
  return [...found.values()];
}

/** The value of an earlier step's own variable, where it is one substitution. */
function givenReference(config: LintSubject["config"], setter: ShellText, name: string): string | undefined {
  const entry = config.steps[setter.step]?.env?.find((candidate) => candidate.startsWith(`${name}=`));
  const value = entry?.slice(name.length + 1);
  return value !== undefined && /^\$(\{_[A-Z0-9_]+\}|_[A-Z0-9_]+)$/.test(value) ? value : undefined;
}

/** User substitutions in shell text: their value is code there. Those that a line only binds to a name are mended. */
function pasted(
  { file }: LintSubject,
  shell: ShellText,
  bindings: readonly Binding[],
  env: readonly Edit[],
): readonly Finding[] {
  const seen = new Set<string>();
  return referencedKeys(shell.source).flatMap(({ key, at }): readonly Finding[] => {
    const offset = shell.at + at;
    const binding = bindings.find(({ line }) => line.from <= offset && offset < line.to);
    const isShellName = !key.startsWith("_") || shell.assigned.has(key);
    if (isShellName || (binding === undefined && seen.has(key))) return [];
    seen.add(key);
    const problem = substitutionInShell(key, file.whereOffset(offset));
    if (binding === undefined || env.length === 0) return [{ problem, edits: [] }];
    return [{ problem, edits: [{ ...binding.line, text: "" }, ...env] }];
  });
}

/** Only in block texts, where a whole line of the file can go. */
function bindingsOf(shell: ShellText): readonly Binding[] {
  if (!shell.isBlock) return [];
  return [...shell.source.matchAll(BINDING)].flatMap((match) => {
    const [line, name = "", , reference = ""] = match;
    const key = match[4] ?? match[5] ?? "";
    const from = shell.at + match.index;
    return shell.given.has(name) ? [] : [{ name, reference, key, line: { from, to: from + line.length } }];
  });
}

function envEdit({ text }: LintSubject, shell: ShellText, wanted: ReadonlyMap<string, string>): readonly Edit[] {
  const items = [...wanted].map(([name, reference]) => `${name}=${reference}`);
  if (items.length === 0) return [];
  const list = listNode(shell.node, "env");
  const edit =
    list === undefined || list.items.length === 0
      ? shell.node.has("env")
        ? undefined // a form that nobody would expect to be edited: left to the person
        : insertFieldBefore(text, shell.node, { name: "env", items, before: "args" })
      : insertAfter(text, list, list.items.length - 1, items);
  return edit === undefined ? [] : [edit];
}
