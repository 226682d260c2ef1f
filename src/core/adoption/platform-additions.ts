import type { YamlAddition, YamlTree } from "../yaml/add-entries.ts";

/** What a declaration came to: put in, there already in the same words, or otherwise in the file, which then stays. */
export type Declared = "added" | "same" | "kept";

/** Entries for a platform file: those that it has already stay as they are. */
export class PlatformAdditions {
  readonly additions: YamlAddition[] = [];
  /** The file as it is read: maps, lists and texts. */
  readonly #file: unknown;

  constructor(file: unknown) {
    this.#file = file;
  }

  /** Declares a value at a path. A map is declared whole, where nothing stands at its path yet. */
  declare(path: readonly [string, ...string[]], value: YamlTree): Declared {
    const there = this.#at(path) ?? this.#added(path);
    if (there === undefined) {
      this.additions.push({ path, value });
      return "added";
    }
    return JSON.stringify(there) === JSON.stringify(asRead(value)) ? "same" : "kept";
  }

  has(path: readonly string[]): boolean {
    return this.#at(path) !== undefined || this.additions.some((each) => path.every((key, i) => each.path[i] === key));
  }

  /** The additions as few pieces: all that hangs beneath a key that the file has not is one, in the order given. */
  pieces(sections: readonly string[]): readonly YamlAddition[] {
    const pieces = new Map<string, { path: [string, ...string[]]; rest: [readonly string[], YamlTree][] }>();
    const ordered = [...this.additions].sort((a, b) => sections.indexOf(a.path[0]) - sections.indexOf(b.path[0]));
    for (const { path, value } of ordered) {
      const present = path.findIndex((_key, index) => this.#at(path.slice(0, index + 1)) === undefined);
      const depth = present + 1;
      const key = JSON.stringify(path.slice(0, depth));
      const piece = pieces.get(key) ?? { path: [path[0], ...path.slice(1, depth)], rest: [] };
      piece.rest.push([path.slice(depth), value]);
      pieces.set(key, piece);
    }
    return [...pieces.values()].map(({ path, rest }) => ({ path, value: treeOf(rest) }));
  }

  #added(path: readonly string[]): unknown {
    const earlier = this.additions.find((each) => each.path.join("\n") === path.join("\n"));
    return earlier === undefined ? undefined : asRead(earlier.value);
  }

  #at(path: readonly string[]): unknown {
    return path.reduce<unknown>((node, key) => {
      const isMap = typeof node === "object" && node !== null && Object.hasOwn(node, key);
      return isMap ? (node as Record<string, unknown>)[key] : undefined;
    }, this.#file);
  }
}

/** Files are read without implicit types: everything is text. */
function asRead(value: YamlTree): unknown {
  if (Array.isArray(value)) return value.map(asRead);
  if (typeof value !== "object") return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asRead(each)]));
}

/** Values by their paths as one tree. */
function treeOf(entries: readonly (readonly [readonly string[], YamlTree])[]): YamlTree {
  const [first] = entries;
  if (first?.[0].length === 0) return first[1];
  const names = [...new Set(entries.map(([[name = ""]]) => name))];
  return Object.fromEntries(
    names.map((name) => {
      const own = entries.filter(([[head]]) => head === name);
      return [name, treeOf(own.map(([path, value]) => [path.slice(1), value]))];
    }),
  );
}
