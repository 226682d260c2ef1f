/** A piece of an expression: text as it stands, or a reference that a plan replaces. */
export type ExpressionPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "service-url"; readonly service: string }
  | { readonly kind: "database-url"; readonly database: string }
  | { readonly kind: "override"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

export type ParsedExpression =
  | { readonly ok: true; readonly value: readonly ExpressionPart[] }
  | { readonly ok: false; readonly error: string };

const TOKEN = /\$\$|\$\{([^}]*)\}|\$(?=\{)/g;

/**
 * Takes an expression of the platform file apart: `${services.X.url}`, `${databases.X.url}`, `${overrides.x}`,
 * `${flags.x}`, and `$$` for a dollar sign. The error says what is wrong with it.
 */
export function parseExpression(expression: string): ParsedExpression {
  const parts: ExpressionPart[] = [];
  let text = "";
  let from = 0;
  for (const match of expression.matchAll(TOKEN)) {
    text += expression.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[0] === "$$") {
      text += "$";
      continue;
    }
    if (match[1] === undefined) return { ok: false, error: '"${" has no "}"' };
    const reference = parseReference(match[1]);
    if (reference === undefined) return { ok: false, error: `"\${${match[1]}}" refers to nothing that there is` };
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
    parts.push(reference);
  }
  text += expression.slice(from);
  if (text !== "" || parts.length === 0) parts.push({ kind: "text", text });
  const isMixed = parts.length > 1 && parts.some((part) => part.kind === "database-url");
  if (isMixed) return { ok: false, error: "a database's url holds a password, so it must be the whole value" };
  return { ok: true, value: parts };
}

function parseReference(inner: string): ExpressionPart | undefined {
  const [kind, name = "", field, ...rest] = inner.split(".");
  if (rest.length > 0 || name === "") return undefined;
  if (kind === "services" && field === "url") return { kind: "service-url", service: name };
  if (kind === "databases" && field === "url") return { kind: "database-url", database: name };
  if (kind === "overrides" && field === undefined) return { kind: "override", name };
  if (kind === "flags" && field === undefined) return { kind: "flag", name };
  return undefined;
}
