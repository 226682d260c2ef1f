const LOOK_EVERY_MS = 60;

/** Waits until it is so; rejects after `withinMs` with what was waited for. */
export async function until(what: string, withinMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
  }
}

/** Lets so much time pass: faults have their instants. */
export function passed(ms: number): Promise<void> {
  return new Promise((next) => setTimeout(next, ms));
}
