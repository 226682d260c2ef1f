import { jobDigest } from "../../core/plan/observed.ts";
import type { Plan, Precondition } from "../../core/plan/plan.ts";
import { assertNever } from "../../core/values/assert.ts";
import { movedSentence } from "./problems.ts";
import type { EnvironmentPorts } from "./release-ports.ts";

/** How what a plan assumed of the world has moved since, a sentence each; empty where it all still holds. */
export async function movedPreconditions(ports: EnvironmentPorts, plan: Plan): Promise<readonly string[]> {
  const sentences = await Promise.all(
    plan.preconditions.map(async (precondition) => {
      const observed = await observe(ports, precondition);
      return observed === assumed(precondition) ? [] : [movedSentence(precondition, observed)];
    }),
  );
  return sentences.flat();
}

function assumed(precondition: Precondition): string {
  switch (precondition.kind) {
    case "serving-revision":
      return precondition.revision;
    case "ledger":
      return String(precondition.applied);
    case "job":
      return precondition.digest;
    default:
      return assertNever(precondition);
  }
}

async function observe(ports: EnvironmentPorts, precondition: Precondition): Promise<string> {
  switch (precondition.kind) {
    case "serving-revision":
      return (await ports.services.get(precondition.service))?.serving?.name ?? "none";
    case "ledger": {
      const rows = await ports.databases.ledger(precondition.database);
      return String(rows.filter((row) => row.state === "applied").length);
    }
    case "job":
      return jobDigest(await ports.services.observedJob(precondition.job));
    default:
      return assertNever(precondition);
  }
}
