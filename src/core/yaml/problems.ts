import type { Problem, Where } from "../values/problem.ts";

/** The text is no YAML. */
export function yamlInvalid(where: Where, message: string): Problem {
  return {
    code: "yaml-invalid",
    severity: "error",
    summary: "The file is not valid YAML here.",
    where,
    why: [message],
    fix: "Correct the indentation, quotes or key at this place.",
  };
}

/** Something of YAML that our files do without. */
export function yamlFeatureRefused(where: Where, what: string): Problem {
  return {
    code: "yaml-feature-refused",
    severity: "error",
    summary: `The file uses ${what}, which is not allowed here.`,
    where,
    why: ["What a reviewed file means should stand where it is read."],
    fix: "Write the value out.",
  };
}

/** More text than a file of ours can have. */
export function fileTooLarge(file: string): Problem {
  return {
    code: "file-too-large",
    severity: "error",
    summary: `"${file}" is larger than 1 MiB.`,
    why: ["A file of this kind is written by people and never that long."],
    fix: "Make sure that it is the right file.",
  };
}

/** A key that there is not. */
export function keyUnknown(where: Where, key: string, nearest: string | undefined, known: readonly string[]): Problem {
  return {
    code: "key-unknown",
    severity: "error",
    summary: `There is no key "${key}" here.`,
    where,
    why: [`Known here: ${known.join(", ")}.`],
    fix: nearest === undefined ? `Remove "${key}".` : `Did you mean "${nearest}"? Otherwise remove "${key}".`,
  };
}

/** A key that has to be there. */
export function keyMissing(where: Where, key: string): Problem {
  return {
    code: "key-missing",
    severity: "error",
    summary: `The key "${key}" is missing here.`,
    where,
    why: ["It has no default."],
    fix: `Add "${key}".`,
  };
}

/** A value of the wrong form. */
export function valueInvalid(where: Where, message: string): Problem {
  return {
    code: "value-invalid",
    severity: "error",
    summary: "The value has not the form that it needs.",
    where,
    why: [message],
    fix: "Correct the value; the schema in schemas/ says what is allowed.",
  };
}
