import { mkdir, writeFile } from "node:fs/promises";
import { readModels } from "./read_models.js";

const folder = new URL("../generated/", import.meta.url);
const models = await readModels();
await mkdir(folder, { recursive: true });
await writeFile(new URL("models.json", folder), `${JSON.stringify(models, undefined, 2)}\n`);
console.log(`${Object.keys(models).length} models`);
