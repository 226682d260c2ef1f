import { z } from "zod";

/** A JSON Schema, as a plain value. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The draft-07 JSON Schema of one of our YAML files, for editors. Ours take every scalar as the text that stands there;
 * editors read plain YAML types, so `jsonType` of a schema's meta names what they see, and where they see several, all.
 */
export function jsonSchemaOf(schema: z.ZodType, name: string): JsonSchema {
  const made = z.toJSONSchema(schema, {
    target: "draft-07",
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => asEditorsRead(jsonSchema as Record<string, unknown>),
  });
  return { $schema: "http://json-schema.org/draft-07/schema#", $id: name, ...made };
}

/** Names of versions and commits are digits at times, and then YAML's own reading is a number. */
const ANY_SCALAR = ["string", "number", "boolean"];

function asEditorsRead(node: Record<string, unknown>): void {
  const { jsonType, additionalScalars } = node;
  delete node.jsonType;
  delete node.additionalScalars;
  if (jsonType !== undefined) {
    node.type = jsonType;
    delete node.pattern;
    delete node.enum;
  }
  if (additionalScalars === true) node.additionalProperties = { type: ANY_SCALAR };
  if (node.type === "array" && Array.isArray(node.items)) asPlainList(node);
}

/** A list with at least one element is a tuple with a rest to us; draft-07 says it with `minItems`. */
function asPlainList(node: Record<string, unknown>): void {
  const [item, ...others] = node.items as readonly unknown[];
  if (others.length > 0 || item === undefined) return;
  node.items = item;
  node.minItems = 1;
  delete node.additionalItems;
}
