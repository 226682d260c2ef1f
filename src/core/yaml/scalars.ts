/**
 * Scalars of our YAML files as zod schemas. Files are read without implicit types, so each takes the text that stands
 * there. `meta.type` is what the generated JSON Schema says, since editors read plain YAML types.
 */
import { z } from "zod";

/** Any text with at least one character. */
export const text = () => z.string().min(1, "it is empty");

/** A whole number from `min` on. */
export const integer = (min: number) =>
  z
    .string()
    .regex(/^\d+$/, "it must be a whole number")
    .transform(Number)
    .refine((value) => value >= min, `it must be at least ${min}`)
    .meta({ jsonType: "integer", minimum: min });

/** A number of any kind that is not negative. */
export const decimal = () =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, "it must be a number")
    .transform(Number)
    .meta({ jsonType: "number" });

/** `true` or `false`, and nothing that YAML 1.1 took for one. */
export const boolean = () =>
  z
    .enum(["true", "false"], { error: 'it must be "true" or "false"' })
    .transform((value) => value === "true")
    .meta({ jsonType: "boolean" });

/** A value whose type is its own: number, truth or text. */
export const anyScalar = () =>
  z
    .string()
    .transform((value): string | number | boolean => {
      if (value === "true" || value === "false") return value === "true";
      return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    })
    .meta({ jsonType: ["string", "number", "boolean"] });

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `500ms`, `30s`, `10m`, `24h`, `14d`; milliseconds as a value. */
export const durationMs = () =>
  z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, "it must be a duration such as 30s, 10m or 24h")
    .transform((value) => {
      const unit = /[a-z]+$/.exec(value)?.[0] as keyof typeof UNITS;
      return Number.parseInt(value, 10) * UNITS[unit];
    })
    .meta({ examples: ["30s"] });

/** `1%`, `0.5%`; the number before the sign as a value. */
export const percent = () =>
  z
    .string()
    .regex(/^\d+(\.\d+)?%$/, "it must be a percentage such as 1%")
    .transform((value) => Number.parseFloat(value));

/** `1.2x`; the number before the letter as a value. */
export const ratio = () =>
  z
    .string()
    .regex(/^\d+(\.\d+)?x$/, "it must be a ratio such as 1.2x")
    .transform((value) => Number.parseFloat(value));

/** A name as catalogues use it. */
export const name = () =>
  z.string().regex(/^[a-zA-Z][\w.-]*$/, "it must begin with a letter and hold letters, digits, _ . -");

/** A path beneath a folder: no absolute one, nothing that leads out. */
export const path = () =>
  z
    .string()
    .min(1, "it is empty")
    .max(1_024, "it is longer than 1024 characters")
    .refine((value) => !/(^|\/)\.\.(\/|$)|^[/~-]|\\|\p{Cc}/u.test(value), "it must be a relative path without ..");

/** A list with at least one element. */
export const nonEmpty = <T extends z.ZodType>(item: T) => z.tuple([item], item);
