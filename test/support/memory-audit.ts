import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { AuditHead } from "../../src/core/audit/audit-row.ts";
import { AuditLog } from "../../src/engine/access/audit-log.ts";
import type { AuditCheckpoint } from "../../src/ports/audit-checkpoint.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import type { EventLog } from "../../src/ports/event-log.ts";

/** A checkpoint in memory. */
export function createMemoryCheckpoint(): AuditCheckpoint {
  let head: AuditHead | undefined;
  return {
    read: async () => head,
    write: async (next) => {
      head = next;
    },
  };
}

/** The real audit log over an event log in memory, unless another one is given. */
export function createMemoryAudit(parts: { readonly clock?: Clock; readonly eventLog?: EventLog } = {}): AuditLog {
  return new AuditLog({
    eventLog: parts.eventLog ?? createMemoryEventLog(),
    key: new Uint8Array(32).fill(9),
    checkpoint: createMemoryCheckpoint(),
    clock: parts.clock ?? systemClock,
  });
}
