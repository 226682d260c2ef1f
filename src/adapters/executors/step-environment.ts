import type { StepOrder } from "../../ports/step-executor.ts";

/** A step's whole environment: its own variables over what is given, and its secrets where no variable has the name. */
export function stepEnvironment(
  order: StepOrder,
  beneath: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const env: Record<string, string> = { ...beneath, ...order.env };
  for (const [name, secret] of Object.entries(order.secretEnv)) env[name] ??= secret.reveal();
  return env;
}

/** The values that must not be stored. */
export function secretsOf(order: StepOrder): readonly string[] {
  return Object.values(order.secretEnv).map((secret) => secret.reveal());
}

/** Values as those who hide them take them: one character for each byte. */
export function byteStrings(values: readonly string[]): readonly string[] {
  return values.map((value) => Buffer.from(value).toString("latin1"));
}
