import type { Installation } from "./installation.ts";

export interface ReleaseEvent {
  readonly type: string;
  readonly line?: string;
}

/** All events of an ended release, as the server tells them. */
export async function eventsOf(here: Installation, release: string): Promise<readonly ReleaseEvent[]> {
  const text = await (await here.ask(`/api/v1/releases/${release}/events`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice("data: ".length)) as ReleaseEvent);
}

/** What happened more than once of what may happen once, whatever time it took. */
export function repeated(events: readonly ReleaseEvent[], type: string): readonly string[] {
  const lines = events
    .filter((event) => event.type === type)
    .map(({ line }) => (line ?? "").replace(/ in \S+ m?s$/, ""));
  return lines.filter((line, index) => lines.indexOf(line) !== index);
}
