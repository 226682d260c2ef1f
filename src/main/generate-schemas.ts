/** `npm run schemas`: writes the JSON Schemas of the YAML files that users own. A test says when they are out of date. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { manifestSchema } from "../core/manifest/manifest-schema.ts";
import { platformSchema } from "../core/platform/platform-schema.ts";
import { jsonSchemaOf } from "../core/yaml/json-schema.ts";

/** Folder of the generated files. */
export const SCHEMA_FOLDER = resolve(import.meta.dirname, "..", "..", "schemas");

/** File name → text, for every schema. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const schemas = { "mobius.schema.json": platformSchema, "release-manifest.schema.json": manifestSchema };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      `${JSON.stringify(jsonSchemaOf(schema, name), undefined, 2)}\n`,
    ]),
  );
}

if (import.meta.main) {
  await mkdir(SCHEMA_FOLDER, { recursive: true });
  for (const [name, text] of schemaFiles()) await writeFile(join(SCHEMA_FOLDER, name), text);
}
