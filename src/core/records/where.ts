import type { Digest } from "../values/digest.ts";
import type { CommitId, ReleaseId } from "../values/ids.ts";

/** Whether an environment has a module's commit or a service's image, and since when or why not. */
export type Place = {
  readonly environment: string;
  /** A module with the commit, or a service with the image. */
  readonly of:
    | { readonly module: string; readonly commit: CommitId }
    | { readonly service: string; readonly digest: Digest };
} & (
  | { readonly state: "there"; readonly release: ReleaseId; readonly since: string }
  | { readonly state: "absent"; readonly reason: string; readonly next: string }
);

/** Where something is. */
export interface Whereabouts {
  readonly apiVersion: "mobius/v1";
  readonly subject: string;
  readonly kind: "commit" | "image" | "release";
  /** Whether every place that was asked for has it. */
  readonly everywhere: boolean;
  readonly places: readonly Place[];
}

/** Lines for people: one per place, and what to do where it is not. */
export function whereLines({ subject, kind, places }: Whereabouts): readonly string[] {
  const width = Math.max(...places.map(({ environment }) => environment.length), 0);
  const isOne = new Set(places.map(nameOf)).size === 1;
  return [
    `${kind} ${subject}${isOne && places[0] !== undefined ? ` (${nameOf(places[0])})` : ""}`,
    ...places.flatMap((place) => {
      const start = `  ${place.environment.padEnd(width)}  ${isOne ? "" : `${nameOf(place)}: `}`;
      return place.state === "there"
        ? [`${start}since ${place.since} by ${place.release}`]
        : [`${start}not there: ${place.reason}`, `  ${" ".repeat(width)}  you can: ${place.next}`];
    }),
  ];
}

function nameOf({ of }: Place): string {
  return "module" in of ? `${of.module} ${of.commit.slice(0, 12)}` : `${of.service} ${of.digest.slice(0, 19)}`;
}
