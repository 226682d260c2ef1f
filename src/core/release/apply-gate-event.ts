import { assertNever } from "../values/assert.ts";
import type { ActorId } from "../values/ids.ts";
import type { Instant } from "../values/time.ts";
import type { ReleaseEvent } from "./events.ts";
import type { Release } from "./state.ts";

type GateEvent = Extract<
  ReleaseEvent,
  { type: "gates-closed" | "gates-opened" | "approved" | "rejected" | "freeze-excepted" }
>;

/** What keeps a release back, and what people decided about that. Only for one that is queued. */
export function changeGates(
  release: Release,
  event: GateEvent,
  { actor: by, at }: { readonly actor: ActorId; readonly at: Instant },
): Release {
  switch (event.type) {
    case "gates-closed":
      return { ...release, closedGates: event.gates };
    case "gates-opened":
      return { ...release, closedGates: [] };
    case "approved": {
      const { plan, roles, comment } = event;
      const others = release.approvals.filter((approval) => approval.by !== by);
      return { ...release, approvals: [...others, { by, at, plan, roles, comment }] };
    }
    case "rejected":
      return { ...release, cancelReason: release.cancelReason ?? `rejected by ${by}: ${event.reason}` };
    case "freeze-excepted": {
      const { freeze, reason } = event;
      return { ...release, exceptions: [...release.exceptions, { freeze, by, at, reason }] };
    }
    default:
      return assertNever(event);
  }
}
