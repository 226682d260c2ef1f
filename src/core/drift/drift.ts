/** What is live and was not released, as values. Begin with `find-drift.ts`. */
import type { ObservedMigration, ObservedService, RevisionTemplate } from "../plan/observed.ts";
import type { Instant } from "../values/time.ts";

/** Something read of the world, or why it could not be: what is not known is not in sync. */
export type Reading<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly reason: string };

export interface LiveEnvironment {
  readonly services: Reading<readonly ObservedService[]>;
  /** Job → its template; undefined where there is no such job of ours. */
  readonly jobs: Readonly<Record<string, Reading<RevisionTemplate | undefined>>>;
  /** Database → rows of its migration ledger. */
  readonly ledgers: Readonly<Record<string, Reading<readonly LiveMigration[]>>>;
  /** Secret → its newest version. */
  readonly secrets: Readonly<Record<string, Reading<string | undefined>>>;
}

export interface LiveMigration extends Pick<ObservedMigration, "identifier" | "state"> {
  readonly release: string;
}

/** One difference. `subject` and `field` name it, and stay the same as long as it is there. */
export interface Drift {
  /** `service mobius-rag`, `job mobius-chat-migrate`, `database mobius_chat`, `secret jwt-secret`. */
  readonly subject: string;
  readonly field: string;
  readonly expected: string;
  readonly observed: string;
  readonly kind: "differs" | "unknown";
}

/** A difference with its history. */
export interface SeenDrift extends Drift {
  readonly firstSeen: Instant;
  /** Why nobody minds it, and until when. */
  readonly ignored?: { readonly reason: string; readonly until: Instant };
}

/** By what a difference is known again. */
export function driftKey({ subject, field }: Pick<Drift, "subject" | "field">): string {
  return `${subject}: ${field}`;
}

/** Whether a look that found these could not see the difference: nobody knows then whether it is still there. */
export function isOutOfSight({ subject }: Drift, found: readonly Drift[]): boolean {
  return found.some(
    ({ kind, subject: hidden }) =>
      kind === "unknown" && (hidden === subject || (hidden === "services" && subject.startsWith("service "))),
  );
}
