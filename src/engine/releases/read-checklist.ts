import { type ChecklistReading, checklistGate } from "../../core/gates/checklist-gate.ts";
import type { Plan } from "../../core/plan/plan.ts";
import type { Policies } from "../../core/platform/platform.ts";
import { CHECKLIST_FILE } from "../../core/records/checklist.ts";
import { checklistAnswer } from "../../core/records/checklist-rows.ts";
import type { ClosedGate } from "../../core/release/closed-gate.ts";
import type { Instant } from "../../core/values/time.ts";
import type { ReleasePorts } from "./release-ports.ts";

/** The checklist's gate as the umbrella's main branch has the checklist now; none where no policy asks for it. */
export async function checklistGates(
  ports: Pick<ReleasePorts, "source" | "umbrella">,
  { checklist }: Policies,
  { plan, requestedAt: since }: { readonly plan: Plan; readonly requestedAt: Instant },
): Promise<readonly ClosedGate[]> {
  // Giving traffic back is agreed to beforehand, as with every other gate.
  if (checklist === undefined || plan.actions.rollback !== undefined) return [];
  const { environment, manifest } = plan;
  const { releaseId } = manifest;
  const reading = await readChecklist(ports, environment, releaseId);
  return checklistGate({ reading, file: CHECKLIST_FILE, environment, releaseId, since });
}

async function readChecklist(
  { source, umbrella }: Pick<ReleasePorts, "source" | "umbrella">,
  environment: string,
  releaseId: string,
): Promise<ChecklistReading> {
  const refreshed = await source.refresh(umbrella);
  const head = refreshed.ok ? await source.resolve(umbrella, "HEAD") : refreshed;
  if (!head.ok) return { kind: "unreadable", reason: "the umbrella's repository does not answer" };
  const text = await source.readFile(umbrella, head.value, CHECKLIST_FILE);
  if (text === undefined) return { kind: "unreadable", reason: "the umbrella has no such file" };
  return { kind: "read", ...checklistAnswer(text, environment, releaseId) };
}
