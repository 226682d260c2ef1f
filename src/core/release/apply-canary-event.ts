import { assertNever } from "../values/assert.ts";
import type { Instant } from "../values/time.ts";
import type { ReleaseEvent } from "./events.ts";
import type { CanaryStep, Release } from "./state.ts";

type CanaryEvent = Extract<ReleaseEvent, { type: `canary-step-${string}` }>;

/**
 * Steps go one after another while traffic is moved, each intended, begun and judged once; a step follows only on one that
 * passed. Undefined for an event that cannot follow.
 */
export function changeCanary(release: Release, event: CanaryEvent, at: Instant): Release | undefined {
  const last = release.canary.at(-1);
  if (release.stage.name !== "shifting") return undefined;
  switch (event.type) {
    case "canary-step-intended": {
      if (event.step !== release.canary.length + 1) return undefined;
      if (last !== undefined && last.judged?.verdict !== "passed") return undefined;
      const { step, percent, services } = event;
      return { ...release, canary: [...release.canary, { step, percent, services }] };
    }
    case "canary-step-begun": {
      if (last?.step !== event.step || last.begun !== undefined) return undefined;
      return withLast(release, { ...last, begun: { at, until: event.until, before: event.before } });
    }
    case "canary-step-judged": {
      if (last?.step !== event.step || last.begun === undefined || last.judged !== undefined) return undefined;
      return withLast(release, { ...last, judged: { at, verdict: event.verdict, evidence: event.evidence } });
    }
    default:
      return assertNever(event);
  }
}

function withLast(release: Release, step: CanaryStep): Release {
  return { ...release, canary: [...release.canary.slice(0, -1), step] };
}
