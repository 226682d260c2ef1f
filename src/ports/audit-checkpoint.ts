import type { AuditHead } from "../core/audit/audit-row.ts";

/** Where the audit log's end is noted outside the database, so that a log that was cut off at its end is noticed. */
export interface AuditCheckpoint {
  /** Undefined where none was ever written; throws where what is there cannot be read. */
  read(): Promise<AuditHead | undefined>;
  /** Replaces what is there, whole or not at all. */
  write(head: AuditHead): Promise<void>;
}
