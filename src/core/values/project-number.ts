import { utf8ToBytes } from "@noble/hashes/utils.js";
import { crc32c } from "./crc32c.ts";

/** The number of a project. Projects have none here; clients want one, and always the same. */
export function projectNumber(project: string): string {
  return String(crc32c(utf8ToBytes(project)));
}
