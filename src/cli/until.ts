import { instant, toIso } from "../core/values/time.ts";
import { durationMs } from "../core/yaml/scalars.ts";
import type { Clock } from "../ports/clock.ts";

/** The moment that a person names: a time of RFC 3339 as it stands, or a duration from now such as `36h` or `10d`. */
export function untilOf({ clock }: { readonly clock: Pick<Clock, "now"> }, typed: string): string {
  const duration = durationMs().safeParse(typed);
  return duration.success ? toIso(instant(clock.now() + duration.data)) : typed;
}
