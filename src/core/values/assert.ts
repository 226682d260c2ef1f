/** A broken invariant: a fault of ours, never of the user. It stops what is being done and exits with 70. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** States an invariant; stays on in production. Throws `Bug` where it does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}

/** Ends an exhaustive `switch`: a variant that nobody handles does not compile. */
export function assertNever(value: never): never {
  throw new Bug(`unhandled variant: ${JSON.stringify(value)}`);
}

/** Narrows away `undefined` where an invariant says that the value is there. Throws `Bug` otherwise. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Bug(`${what} is missing`);
  return value;
}
