import { ORDER, REST, SUBSTITUTIONS } from "./build-cases.ts";
import type { ConformanceCase } from "./case.ts";
import { ENVIRONMENT, PLACE, PROGRAM } from "./step-cases.ts";

export const CASES: readonly ConformanceCase[] = [
  ...PROGRAM,
  ...PLACE,
  ...ENVIRONMENT,
  ...ORDER,
  ...SUBSTITUTIONS,
  ...REST,
];
