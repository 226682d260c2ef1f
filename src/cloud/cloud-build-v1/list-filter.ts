import { err, ok, type Result } from "../../core/values/result.ts";

/** Whether a build, as the API shows it, is one that the caller asked for. */
export type ListFilter = (build: Readonly<Record<string, unknown>>) => boolean;

/**
 * Fields that Google's server filters by, in its spelling, each with its path in a build's JSON. Source: gcloud, which
 * leaves all others to itself.
 */
const FIELDS: Readonly<Record<string, string>> = {
  build_id: "id",
  project_id: "projectId",
  status: "status",
  tags: "tags",
  trigger_id: "buildTriggerId",
  images: "images",
  create_time: "createTime",
  start_time: "startTime",
  finish_time: "finishTime",
  "results.images.name": "results.images.name",
  "results.images.digest": "results.images.digest",
  "options.requested_verify_option": "options.requestedVerifyOption",
  "source_provenance.resolved_repo_source.commit_sha": "sourceProvenance.resolvedRepoSource.commitSha",
  "source.repo_source.repo_name": "source.repoSource.repoName",
  "source.repo_source.branch_name": "source.repoSource.branchName",
  "source.repo_source.tag_name": "source.repoSource.tagName",
  "source.repo_source.commit_sha": "source.repoSource.commitSha",
  "source.storage_source.bucket": "source.storageSource.bucket",
  "source.storage_source.object": "source.storageSource.object",
};

const TOKEN =
  /\s*(?:(\(|\))|(AND|OR|NOT)\b|([a-z_][a-z_.]*)\s*(!=|<=|>=|=|<|>|:)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s()"]+)))/y;
const MAX_LENGTH = 4_096;

type Token =
  | { readonly kind: "(" | ")" | "AND" | "OR" | "NOT" }
  | { readonly kind: "term"; readonly filter: ListFilter };

/** Reads a filter; undefined for an empty one. What is not understood is an error: ignored it would list too much. */
export function parseListFilter(text: string): Result<ListFilter | undefined, string> {
  if (text.trim() === "") return ok(undefined);
  const tokens = text.length > MAX_LENGTH ? err("the filter is too long") : tokensOf(text);
  if (!tokens.ok) return tokens;
  const reader = { tokens: tokens.value, at: 0 };
  const filter = readAny(reader);
  if (filter === undefined || reader.at < reader.tokens.length) return err(`cannot interpret filter: ${text.trim()}`);
  return ok(filter);
}

function tokensOf(text: string): Result<readonly Token[], string> {
  const tokens: Token[] = [];
  const whole = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < whole.length) {
    const from = TOKEN.lastIndex;
    const [, bracket, word, field, operator, quoted, bare] = TOKEN.exec(whole) ?? [];
    if (bracket !== undefined || word !== undefined) tokens.push({ kind: (bracket ?? word) as "(" | "AND" });
    else if (field !== undefined && operator !== undefined) {
      const path = FIELDS[field];
      if (path === undefined) return err(`cannot interpret filter: there is no field ${field}`);
      const value = quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "";
      tokens.push({ kind: "term", filter: termOf(path.split("."), operator, value) });
    } else return err(`cannot interpret filter: ${whole.slice(from)}`);
  }
  return ok(tokens);
}

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
}

/** Conditions joined by OR; those joined by AND, or by nothing, bind closer. */
function readAny(reader: Reader): ListFilter | undefined {
  let left = readAll(reader);
  while (left !== undefined && reader.tokens[reader.at]?.kind === "OR") {
    reader.at += 1;
    const [first, right] = [left, readAll(reader)];
    left = right === undefined ? undefined : (build) => first(build) || right(build);
  }
  return left;
}

function readAll(reader: Reader): ListFilter | undefined {
  let left = readOne(reader);
  for (;;) {
    const kind = reader.tokens[reader.at]?.kind;
    if (left === undefined || kind === undefined || kind === "OR" || kind === ")") return left;
    if (kind === "AND") reader.at += 1;
    const [first, right] = [left, readOne(reader)];
    left = right === undefined ? undefined : (build) => first(build) && right(build);
  }
}

function readOne(reader: Reader): ListFilter | undefined {
  const token = reader.tokens[reader.at++];
  if (token?.kind === "term") return token.filter;
  if (token?.kind === "NOT") {
    const negated = readOne(reader);
    return negated && ((build) => !negated(build));
  }
  if (token?.kind !== "(") return undefined;
  const inner = readAny(reader);
  return reader.tokens[reader.at++]?.kind === ")" ? inner : undefined;
}

/** Of a list it is enough that one member fits; times are compared as such, all else as text. */
function termOf(path: readonly string[], operator: string, value: string): ListFilter {
  const isTime = path.at(-1)?.endsWith("Time") === true;
  const comparable = (text: string) => (isTime ? Date.parse(text) : text);
  const wanted = comparable(value);
  return (build) => {
    const found = valuesAt(build, path).map(comparable);
    switch (operator) {
      case "!=":
        return !found.includes(wanted);
      case "<":
        return found.some((each) => each < wanted);
      case "<=":
        return found.some((each) => each <= wanted);
      case ">":
        return found.some((each) => each > wanted);
      case ">=":
        return found.some((each) => each >= wanted);
      default:
        return found.includes(wanted);
    }
  };
}

function valuesAt(value: unknown, [name, ...rest]: readonly string[]): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item) => valuesAt(item, [...(name === undefined ? [] : [name]), ...rest]));
  if (name === undefined) return typeof value === "string" ? [value] : [];
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return [];
  return valuesAt((value as Readonly<Record<string, unknown>>)[name], rest);
}
