/** Requests of one revision since the cloud started. */
export interface RevisionMetrics {
  /** `project/location/service/revision`. */
  readonly revision: string;
  /** Number of requests by class of status: `2xx`, `5xx`, … */
  readonly requests: Readonly<Record<string, number>>;
  /** Sum over all requests, until each answer's last byte. */
  readonly totalLatencyMs: number;
}

/** Counts requests as they end. */
export interface Metrics {
  count(request: { readonly revision: string; readonly status: number; readonly durationMs: number }): void;
  /** By revision, in the order of their first request. */
  read(): readonly RevisionMetrics[];
}

/** Counters in memory: one per revision and class of status. */
export function createMetrics(): Metrics {
  const revisions = new Map<string, { requests: Record<string, number>; totalLatencyMs: number }>();
  return {
    count({ revision, status, durationMs }) {
      const counted = revisions.get(revision) ?? { requests: {}, totalLatencyMs: 0 };
      const statusClass = `${Math.floor(status / 100)}xx`;
      counted.requests[statusClass] = (counted.requests[statusClass] ?? 0) + 1;
      counted.totalLatencyMs += durationMs;
      revisions.set(revision, counted);
    },
    read: () =>
      [...revisions].map(([revision, { requests, totalLatencyMs }]) => ({
        revision,
        requests: { ...requests },
        totalLatencyMs,
      })),
  };
}
