import { randomBytes, randomUUID } from "node:crypto";
import type { Ids } from "../../ports/clock.ts";

/** The operating system's randomness. */
export const systemIds: Ids = {
  uuid: () => randomUUID(),
  randomHex: (bytes) => randomBytes(bytes).toString("hex"),
};
