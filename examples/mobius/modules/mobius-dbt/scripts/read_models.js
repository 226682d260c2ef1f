import { readdir, readFile } from "node:fs/promises";

/** Model → its statement, in the order of the names. */
export async function readModels() {
  const folder = new URL("../models/", import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), "utf8")));
  return Object.fromEntries(files.map((file, index) => [file.slice(0, -".sql".length), texts[index].trim()]));
}
