import type { YamlFile, YamlPath } from "../yaml/read-yaml.ts";

/** Something of an input that is not taken over, and why. */
export interface LeftOver {
  /** The file, and whose description in it. */
  readonly source: string;
  /** Where in the input: keys joined by dots, a variable's name in the place of its position. */
  readonly path: string;
  readonly because: string;
  /** What stood there, where it may be shown. */
  readonly value?: string;
  /** The place is the cloud's own record, not a setting: people need not look at it. */
  readonly kind: "setting" | "record";
}

/**
 * The values of one description, each of which has to be accounted for: taken by a reader, or left with a reason. What
 * nobody asked for is left as something that the platform file has no key for, so that nothing is lost silently.
 */
export class InputLeaves {
  readonly #root: unknown;
  readonly #base: YamlPath;
  readonly #file: YamlFile;
  readonly #open: Map<string, { readonly path: YamlPath; readonly value: string }>;

  /** The leaves beneath a path of a file. */
  constructor(file: YamlFile, base: YamlPath) {
    this.#file = file;
    this.#base = base;
    this.#root = at(file.value, base);
    this.#open = new Map(leavesOf(this.#root, []).map((leaf) => [keyOf(leaf.path), leaf]));
    // A key without a value is nothing in our files; in a description it is an empty text.
    for (const path of file.emptyKeys) {
      if (!base.every((key, index) => String(path[index]) === String(key))) continue;
      const inner = path.slice(base.length);
      this.#open.set(keyOf(inner), { path: inner, value: "" });
    }
  }

  /** Looks at a value without taking it. */
  peek(path: YamlPath): unknown {
    return at(this.#root, path);
  }

  /** Takes a text, and accounts for it. */
  text(path: YamlPath): string | undefined {
    const leaf = this.#open.get(keyOf(path));
    this.#open.delete(keyOf(path));
    return leaf?.value;
  }

  /** Takes a list of texts. Undefined where there is none. */
  texts(path: YamlPath): readonly string[] | undefined {
    const list = this.peek(path);
    if (!Array.isArray(list)) return undefined;
    return list.map((_item, index) => this.text([...path, index]) ?? "");
  }

  /** Everything beneath a path that is still open, and accounts for it. */
  drain(path: YamlPath): readonly { readonly path: YamlPath; readonly value: string }[] {
    const found = [...this.#open.values()].filter((leaf) => path.every((key, index) => leaf.path[index] === key));
    for (const leaf of found) this.#open.delete(keyOf(leaf.path));
    return found;
  }

  /** Where a value stands, for problems. */
  whereOf(path: YamlPath) {
    return this.#file.whereOf([...this.#base, ...path]);
  }
}

function at(root: unknown, path: YamlPath): unknown {
  let node = root;
  for (const key of path) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Record<string | number, unknown>)[key];
  }
  return node;
}

function leavesOf(node: unknown, path: YamlPath): readonly { readonly path: YamlPath; readonly value: string }[] {
  if (typeof node === "string") return [{ path, value: node }];
  if (Array.isArray(node)) return node.flatMap((item, index) => leavesOf(item, [...path, index]));
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => leavesOf(value, [...path, key]));
}

function keyOf(path: YamlPath): string {
  return JSON.stringify(path.map(String));
}
