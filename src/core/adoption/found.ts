import type { YamlTree } from "../yaml/add-entries.ts";
import type { LeftOver } from "./input-leaves.ts";

/** A variable as an input has it. */
export type FoundValue =
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "secret"; readonly secret: string; readonly version: string };

/** One service or job of one environment, as one input says it: the common form of all inputs. */
export interface Found {
  /** For people: the file and the service in it. */
  readonly source: string;
  readonly service: string;
  /** Variables alone say nothing of how a service runs. */
  readonly kind: "service" | "job" | "variables";
  /** As far as the input says it. */
  readonly place: { readonly environment?: string; readonly project?: string; readonly region?: string };
  /** The image's whole reference. */
  readonly image?: string;
  /** Email of the service account that it runs as. */
  readonly account?: string;
  /** Addresses under which the cloud serves it, without a final slash. */
  readonly addresses: readonly string[];
  /** By the names of the platform file's `run`. */
  readonly run: Readonly<Record<string, YamlTree>>;
  /** By the names of the platform file's `health`. */
  readonly health: Readonly<Record<string, YamlTree>>;
  readonly env: Readonly<Record<string, FoundValue>>;
  readonly left: readonly LeftOver[];
}
