/** Whether the name is the address of one certain registry, such as `127.0.0.1:5000/x`: then no other stands for it. */
export function namesItsPort(text: string): boolean {
  return /^[^/]+:\d+\//.test(text);
}

/** `ubuntu` is `docker.io/library/ubuntu`, as Docker reads it; a first part with a dot, a port or `localhost` is a host. */
export function fullReference(text: string): string {
  const [first = "", ...rest] = text.split("/");
  if (rest.length > 0 && (/[.:]/.test(first) || first === "localhost")) return text;
  return rest.length === 0 ? `docker.io/library/${text}` : `docker.io/${text}`;
}
