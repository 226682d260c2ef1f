/**
 * A duration as Cloud Build writes it, `600s` or `1.5s`, in milliseconds; undefined for anything else. The `s` is
 * mandatory (proto3 JSON).
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(-?\d+)(\.\d{1,9})?s$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "0", fraction = ""] = match;
  return Number(whole + fraction) * 1_000;
}

/** The way Go prints a duration in Cloud Build's messages: `20m0s`, `24h0m0s`, `45s`. */
export function goDuration(durationMs: number): string {
  const seconds = durationMs / 1_000;
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
