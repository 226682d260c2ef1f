import type { Instant } from "../core/values/time.ts";

/** A backup of an environment's databases that was opened and read. */
export interface Backup {
  readonly id: string;
  readonly at: Instant;
  readonly bytes: number;
}

/** The finished backups of one environment. */
export interface Backups {
  /** Oldest first. */
  list(): Promise<readonly Backup[]>;
  /** From its first moment on it is a backup no more, wherever a crash cuts it off. Nothing happens where it is gone. */
  remove(id: string): Promise<void>;
}
