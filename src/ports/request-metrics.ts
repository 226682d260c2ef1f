import type { RevisionRequests } from "../core/metrics/requests.ts";
import type { Instant } from "../core/values/time.ts";

/** A time and how it is cut. `until` is `from` and a whole number of slices; a slice is at least a minute. */
export interface RequestWindow {
  readonly from: Instant;
  readonly until: Instant;
  readonly sliceMs: number;
}

/**
 * What the cloud of one environment counted of the requests of its services. Reads only. Clouds count by the minute and
 * tell with a delay, Google up to three minutes. Rejects where the cloud does not answer, or lets nobody read.
 */
export interface RequestMetrics {
  /** Revisions without a known request in the window are not there; nor are slices without one. */
  read(window: RequestWindow): Promise<readonly RevisionRequests[]>;
}
