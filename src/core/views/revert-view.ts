import type { LeftDrift } from "../drift/plan-revert.ts";
import { type DriftView, driftText, driftView } from "./drift-view.ts";

/** What `mobius drift --revert --json` prints. */
export interface RevertView {
  readonly apiVersion: "mobius/v1";
  readonly done: readonly string[];
  readonly left: readonly LeftDrift[];
  /** The environment afterwards. */
  readonly drift: DriftView;
}

/** What was done, for people and programs. */
export function revertView({
  done,
  left,
  drift,
}: Pick<RevertView, "done" | "left"> & { readonly drift: Parameters<typeof driftView>[0] }): RevertView {
  return { apiVersion: "mobius/v1", done, left, drift: driftView(drift) };
}

/** The same as text. */
export function revertText({ done, left, drift }: RevertView): string {
  return [
    done.length === 0 ? "Nothing was to be put right." : "Put right:",
    ...done.map((line) => `  ✓ ${line}`),
    ...(left.length === 0 ? [] : ["Left as it is:"]),
    ...left.map(({ key, reason }) => `  - ${key}\n      ${reason}`),
    driftText(drift),
  ].join("\n");
}
