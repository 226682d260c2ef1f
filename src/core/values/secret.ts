const values = new WeakMap<Secret, string>();

/**
 * A secret value that cannot be printed: `String`, template literals, JSON and inspection all give `[secret]`. The value
 * leaves only through `reveal`, which a reviewer can search for.
 */
export class Secret {
  constructor(value: string) {
    values.set(this, value);
  }

  /** The value itself, for the one place that needs it. */
  reveal(): string {
    return values.get(this) ?? "";
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
