/**
 * The values that a path such as `services.*.status` or `items.0.id` leads to, each with the path that was really
 * taken. `*` is every member or element. A path that leads nowhere gives none.
 */
export function valuesAt(
  document: unknown,
  path: string,
): readonly { readonly path: string; readonly value: unknown }[] {
  let found = [{ path: "", value: document }];
  for (const key of path.split(".")) {
    found = found.flatMap((node) =>
      members(node.value, key).map(([name, value]) => ({
        path: node.path === "" ? name : `${node.path}.${name}`,
        value,
      })),
    );
  }
  return found;
}

function members(value: unknown, key: string): readonly (readonly [string, unknown])[] {
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  return key === "*" ? entries : entries.filter(([name]) => name === key);
}
