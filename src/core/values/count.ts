/** `1 candidate`, `2 candidates`: a number with its noun, in the form that fits. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
