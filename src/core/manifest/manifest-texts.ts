import type { OverrideDefinition } from "../platform/platform.ts";

/** `<tag>`, `xxxx`, `YYYY-MM-DD`. */
const PLACEHOLDER = /<[^<>]*[a-z][^<>]*>|\bx{4,}\b|YYYY/i;
const PLACEHOLDER_LINE = /^\s*(<[^<>]*[a-z][^<>]*>|x{4,}|YYYY-MM-DD)\s*$/i;
const REF = /^[A-Za-z0-9][\w./+-]*$/;
const RELEASE_ID = /^[A-Za-z0-9][\w.-]{0,99}$/;

/** Whether a placeholder of a template is left in a value (ruling 11). */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value);
}

/** Whether a text for people is a template's line as it stands; amid prose a placeholder may be what it is about. */
export function isPlaceholderLine(value: string): boolean {
  return PLACEHOLDER_LINE.test(value);
}

/** Whether git can take it for a commit, tag or branch: no option, no range. */
export function isRef(value: string): boolean {
  return REF.test(value) && !value.includes("..");
}

/** Whether it can be a release's id: ids become names of files and labels. */
export function isReleaseId(value: string): boolean {
  return RELEASE_ID.test(value);
}

/** Whether an override's value is of the type that the platform file gives it. */
export function isOfType(value: string, type: OverrideDefinition["type"]): boolean {
  switch (type) {
    case "string":
      return true;
    case "url":
      return /^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(value);
    case "bucket":
      return /^(gs:\/\/)?[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(value);
    case "number":
      return /^-?\d+(\.\d+)?$/.test(value);
    case "boolean":
      return value === "true" || value === "false";
  }
}
