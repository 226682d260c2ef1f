/**
 * Answers what people ask of an environment's requests: what its cloud counted, beside what releases did to the traffic.
 * Reads only. What cannot be read is a problem, never an empty answer.
 */
import { sliceMinutes } from "../../core/metrics/requests.ts";
import type { Release } from "../../core/release/state.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { instant } from "../../core/values/time.ts";
import { type MetricsView, metricsView } from "../../core/views/metrics-view.ts";
import { Places } from "../releases/places.ts";
import { PlatformReader } from "../releases/platform-reader.ts";
import type { EnvironmentPorts, ReleasePorts } from "../releases/release-ports.ts";
import { metricsUnreadable, serviceUnknown } from "./problems.ts";

const MINUTE_MS = 60_000;

export interface MetricsDeskOptions extends Pick<ReleasePorts, "clock" | "source" | "umbrella" | "environment"> {
  /** All releases, in any order. */
  readonly releases: () => readonly Release[];
}

export interface MetricsRequest {
  /** By its name or an alias. */
  readonly environment: string;
  /** The last so many minutes, the present one included: 1 to 1440. */
  readonly minutes: number;
  readonly service?: string;
}

/** The desk of one installation. */
export class MetricsDesk {
  readonly #options: MetricsDeskOptions;
  readonly #places: Places;

  constructor(options: MetricsDeskOptions) {
    this.#options = options;
    this.#places = new Places(options, new PlatformReader(options));
  }

  /** Requests of an environment's services by revision, and the releases of that time. */
  async read({ environment: name, minutes, service }: MetricsRequest): Promise<Result<MetricsView, NonEmpty<Problem>>> {
    const place = await this.#places.named(name);
    if (!place.ok) return place;
    const { environment, environmentPorts, platform } = place.value;
    const askedAt = this.#options.clock.now();
    const sliceMs = sliceMinutes(minutes) * MINUTE_MS;
    const until = instant(Math.ceil((askedAt + 1) / MINUTE_MS) * MINUTE_MS);
    const from = instant(until - Math.ceil((minutes * MINUTE_MS) / sliceMs) * sliceMs);
    const read = await readCloud(environmentPorts, { from, until, sliceMs });
    if (!read.ok) return err([metricsUnreadable(environment.name, read.error)]);
    const view = metricsView({
      ...read.value,
      environment: environment.name,
      from,
      until: askedAt,
      sliceMs,
      releases: this.#options.releases(),
      ...(service === undefined ? {} : { service }),
    });
    const isKnown = service === undefined || Object.hasOwn(platform.services, service) || view.revisions.length > 0;
    return isKnown ? ok(view) : err([serviceUnknown(service, Object.keys(platform.services))]);
  }
}

async function readCloud(
  { requestMetrics, services }: Pick<EnvironmentPorts, "requestMetrics" | "services">,
  window: Parameters<EnvironmentPorts["requestMetrics"]["read"]>[0],
) {
  try {
    const [requests, live] = await Promise.all([requestMetrics.read(window), services.list()]);
    const traffic = live.flatMap((service) =>
      service.traffic.map(({ revision, percent }) => ({ service: service.name, revision, percent })),
    );
    return ok({ requests, traffic });
  } catch (cause) {
    return err(cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause));
  }
}
