/** How many values are in which bucket: one bucket for each bound, inclusive, and one for what is above all. */
export interface Distribution {
  /** Ascending. Two distributions are put together only where these are the same. */
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
}

/** Of nothing; it has no bounds of its own. */
export const NO_DISTRIBUTION: Distribution = { bounds: [], buckets: [] };

/**
 * The value below which that percentage (above 0, at most 100) of the values are, spread evenly within its bucket, as
 * Prometheus' `histogram_quantile` has it; the last bound where it is above all. Undefined for no values.
 */
export function percentileOf({ bounds, buckets }: Distribution, percent: number): number | undefined {
  const count = buckets.reduce((sum, each) => sum + each, 0);
  if (count === 0) return undefined;
  const rank = (count * percent) / 100;
  let below = 0;
  for (const [index, upper] of bounds.entries()) {
    const inBucket = buckets[index] ?? 0;
    if (inBucket > 0 && below + inBucket >= rank) {
      const lower = bounds[index - 1] ?? 0;
      return lower + ((upper - lower) * (rank - below)) / inBucket;
    }
    below += inBucket;
  }
  return bounds.at(-1);
}

/** Both together. Throws RangeError for two with other bounds: what is in which bucket is then not known. */
export function mergeDistributions(one: Distribution, other: Distribution): Distribution {
  if (one.buckets.length === 0) return other;
  if (other.buckets.length === 0) return one;
  const isAlike =
    one.bounds.length === other.bounds.length && one.bounds.every((bound, index) => bound === other.bounds[index]);
  if (!isAlike) throw new RangeError("distributions with other bounds cannot be put together");
  return { bounds: one.bounds, buckets: one.buckets.map((each, index) => each + (other.buckets[index] ?? 0)) };
}
