/** What a role may do. */
const RIGHTS = {
  viewer: ["read"],
  editor: ["read", "write"],
  owner: ["read", "write", "share"],
};

/** Whether a role includes a right; an unknown role has none. */
export function may(role, right) {
  return Object.hasOwn(RIGHTS, role) && RIGHTS[role].includes(right);
}
