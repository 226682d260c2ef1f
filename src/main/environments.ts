import { createRegistryImages } from "../adapters/images/registry-images.ts";
import { createImageTexts } from "../adapters/images/search-image.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import type { RunCloud } from "../cloud/run/run-cloud.ts";
import type { Environment } from "../core/platform/platform.ts";
import { digestOfValue } from "../core/values/digest.ts";
import type { EnvironmentPorts } from "../engine/releases/release-ports.ts";
import type { Identities } from "../ports/identities.ts";
import { type EmbeddedEnvironment, IDENTITY_TTL_MS, openEmbeddedEnvironment } from "./embedded-environment.ts";
import type { Foundation } from "./foundation.ts";

interface Parts {
  readonly foundation: Foundation;
  readonly identities: Identities;
  readonly run: RunCloud;
  readonly registryUrl: string;
  readonly serverUrl: string;
}

interface Opened {
  readonly settings: string;
  readonly untilMs: number;
  readonly opening: Promise<EmbeddedEnvironment>;
}

/** The environments that are in use, each opened once and again when its settings change or its tokens grow old. */
export class Environments {
  readonly #parts: Parts;
  readonly #opened = new Map<string, Opened>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async ports(environment: Environment): Promise<EnvironmentPorts> {
    const settings = digestOfValue(environment);
    const known = this.#opened.get(environment.name);
    if (known?.settings === settings && known.untilMs > clock.monotonicMs()) {
      const opened = await known.opening;
      await opened.complete();
      return opened.ports;
    }
    const opening = this.#open(environment);
    // Half a token's life before it ends, whatever is under way still has time.
    this.#opened.set(environment.name, { settings, untilMs: clock.monotonicMs() + IDENTITY_TTL_MS / 2, opening });
    try {
      return (await opening).ports;
    } catch (cause) {
      this.#opened.delete(environment.name);
      throw cause;
    }
  }

  async close(): Promise<void> {
    for (const { opening } of this.#opened.values()) await (await opening.catch(() => undefined))?.cluster.stop();
  }

  async #open(environment: Environment): Promise<EmbeddedEnvironment> {
    const { foundation, identities, run, registryUrl, serverUrl } = this.#parts;
    const opened = await openEmbeddedEnvironment({
      environment,
      serverUrl,
      images: createRegistryImages({ registryUrl }),
      imageTexts: createImageTexts({ registryUrl }),
      identities,
      addressOf: (service, tag) => run.addressOf(environment.project, environment.region, service, tag),
      paths: foundation.paths,
      clock,
      ids,
    });
    if (!opened.ok) throw new Error(`${opened.error.summary} ${opened.error.why.join(" ")}`);
    return opened.value;
  }
}
