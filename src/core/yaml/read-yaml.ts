/**
 * YAML as our files use it: maps, lists and text, each with its place. No implicit types: `1234567`, `1234e5`, `on` and
 * `2026-11-26` stay the text that stands there. Anchors, tags and merge keys are refused, since a file that people
 * review should say what it means where it stands. Begin with `readYaml`.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from "yaml";
import type { NonEmpty, Problem, Where } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import { fileTooLarge, yamlFeatureRefused, yamlInvalid } from "./problems.ts";

/** A path to a value: names of keys and positions in lists. */
export type YamlPath = readonly (string | number)[];

export interface YamlFile {
  readonly file: string;
  /** Maps, lists and texts. A key without a value is absent. */
  readonly value: unknown;
  /** Keys that stand there without a value. */
  readonly emptyKeys: readonly YamlPath[];
  /** Where the value at the path stands, or the nearest one around it that there is. */
  readonly whereOf: (path: YamlPath) => Where;
  /** Where the key of the value at the path stands. */
  readonly whereOfKey: (path: YamlPath) => Where;
}

const MAX_CHARACTERS = 1024 * 1024;
const MAX_DEPTH = 32;

/** Reads a file's text. Every syntax error and every refused feature is reported at once. */
export function readYaml(text: string, file: string): Result<YamlFile, NonEmpty<Problem>> {
  if (text.length > MAX_CHARACTERS) return err([fileTooLarge(file)]);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: "failsafe",
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const placeAt = (offset: number): Where => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const problems: Problem[] = document.errors.map((error: YAMLError) =>
    yamlInvalid(placeAt(error.pos[0]), error.message),
  );
  const emptyKeys: YamlPath[] = [];
  const places = new Map<string, { value: Where; key: Where }>();
  const visit = (node: Node | null | undefined, path: YamlPath, key: Where): unknown => {
    const offset = node?.range?.[0];
    const value = offset === undefined ? key : placeAt(offset);
    places.set(pathKey(path), { value, key });
    if (node === null || node === undefined) return undefined;
    if (path.length > MAX_DEPTH) return void problems.push(yamlFeatureRefused(value, "deeper nesting than 32 levels"));
    if (isAlias(node)) return void problems.push(yamlFeatureRefused(value, "an alias"));
    if ("anchor" in node && node.anchor !== undefined) problems.push(yamlFeatureRefused(value, "an anchor"));
    if (node.tag !== undefined && !node.tag.startsWith("tag:yaml.org,2002:")) {
      problems.push(yamlFeatureRefused(value, `the tag ${node.tag}`));
    }
    if (isScalar(node)) return scalarText(node);
    if (isSeq(node)) return node.items.map((item, index) => visit(item as Node, [...path, index], value));
    if (!isMap(node)) return undefined;
    const members: Record<string, unknown> = {};
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      const name = isScalar(keyNode) ? String(keyNode.value) : "";
      const keyPlace = placeAt(keyNode.range?.[0] ?? 0);
      if (!isScalar(keyNode)) problems.push(yamlFeatureRefused(keyPlace, "a key that is no text"));
      if (name === "__proto__") problems.push(yamlFeatureRefused(keyPlace, "the key __proto__"));
      if (name === "<<") problems.push(yamlFeatureRefused(keyPlace, "a merge key"));
      const member = visit(pair.value as Node | null, [...path, name], keyPlace);
      if (pair.value === null || member === undefined) emptyKeys.push([...path, name]);
      if (member !== undefined) Object.defineProperty(members, name, { value: member, enumerable: true });
    }
    return members;
  };
  const value = visit(document.contents, [], placeAt(0));
  const [first, ...rest] = problems;
  if (first !== undefined) return err([first, ...rest]);
  return ok({
    file,
    value: value ?? {},
    emptyKeys,
    whereOf: (path) => nearest(places, path, "value"),
    whereOfKey: (path) => nearest(places, path, "key"),
  });
}

/** Plain text without any character is "no value"; quoted emptiness is an empty text. */
function scalarText(node: { value: unknown; type?: string | undefined }): string | undefined {
  const text = String(node.value ?? "");
  return text === "" && (node.type === undefined || node.type === "PLAIN") ? undefined : text;
}

function pathKey(path: YamlPath): string {
  return JSON.stringify(path.map(String));
}

function nearest(
  places: ReadonlyMap<string, { value: Where; key: Where }>,
  path: YamlPath,
  side: "value" | "key",
): Where {
  for (let length = path.length; length > 0; length -= 1) {
    const place = places.get(pathKey(path.slice(0, length)));
    if (place !== undefined) return { ...place[side], excerpt: path.slice(0, length).join(".") };
  }
  const root = places.get(pathKey([]));
  return root?.[side] ?? { file: "", line: 1, column: 1 };
}
