import type { BuildStatus } from "../../core/build/build-config.ts";
import { err, ok, type Result } from "../../core/values/result.ts";

/** The part of Cloud Build's list filter that is understood: statuses joined by OR, tags, and AND between the two. */
export interface ListFilter {
  readonly status?: readonly BuildStatus[];
  readonly tags: readonly string[];
}

const TERM = /^\s*(status|tags|trigger_id|build_id)\s*[=:]\s*"?([\w.-]+)"?\s*$/;

/** Reads a filter. What is not understood is an error: an ignored condition would list too much. */
export function parseListFilter(text: string): Result<ListFilter, string> {
  if (text.trim() === "") return ok({ tags: [] });
  const tags: string[] = [];
  let status: BuildStatus[] | undefined;
  for (const part of text.split(/\s+AND\s+/)) {
    const terms = part
      .replace(/^\s*\(|\)\s*$/g, "")
      .split(/\s+OR\s+/)
      .map((term) => TERM.exec(term));
    const names = terms.map((term) => term?.[1]);
    const values = terms.map((term) => term?.[2] ?? "");
    if (names.every((name) => name === "status") && status === undefined) status = values as BuildStatus[];
    else if (names.length === 1 && names[0] === "tags") tags.push(...values);
    else return err(`cannot interpret filter: ${part.trim()}`);
  }
  return ok({ tags, ...(status === undefined ? {} : { status }) });
}
