import type { Instant } from "../values/time.ts";

/** What can keep a release from beginning. */
type GateName = "verified" | "soak" | "drift" | "approvals" | "freeze" | "hold" | "checklist";

/** A gate that is closed: why, since when, and what opens it. */
export interface ClosedGate {
  readonly gate: GateName;
  /** The freeze's name, where it is one. */
  readonly subject?: string;
  readonly reason: string;
  readonly since: Instant;
  /** A command, or an event that will come by itself. */
  readonly opens: string;
  /** Who or what has to move. */
  readonly waitsFor: "person" | "time" | "release";
}
