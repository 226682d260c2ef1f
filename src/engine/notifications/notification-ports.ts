/**
 * Notifications: `fill-outbox.ts` turns events into messages, `deliver-message.ts` hands one over, `dispatcher.ts` does both
 * over and over, `notification-desk.ts` is what people ask, `accept-build.ts` what Google's builds tell.
 */
import type { Build } from "../../core/build/state.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import type { Checked } from "../../core/values/checked.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { Outbox } from "../../ports/outbox.ts";
import type { Receivers } from "../../ports/receivers.ts";

export interface NotificationPorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly eventLog: EventLog;
  readonly outbox: Outbox;
  readonly documents: Documents;
  readonly receivers: Receivers;
  /** The platform file as it stands now: who is told is a setting of today, not of the release's commit. */
  readonly platform: () => Promise<Checked<Platform>>;
  readonly secrets: EnvironmentSecrets;
  /** Whether a release speaks for the build. */
  readonly hasRelease: (build: string) => boolean;
  /** A build as Cloud Build's API shows it. */
  readonly buildJson: (build: Build) => Readonly<Record<string, unknown>>;
  /** The board's address, without a final slash. */
  readonly boardUrl: string;
  /** Told of faults of the dispatcher itself. */
  readonly onFault: (cause: unknown) => void;
}

/** Secrets of one environment, as far as messages need them. */
export interface EnvironmentSecrets {
  /** The newest enabled version's value. */
  newest(environment: Environment, secret: string): Promise<Secret | undefined>;
  /** All values that must not leave in a message. */
  values(environment: Environment): Promise<readonly Secret[]>;
  put(environment: Environment, secret: string, value: Secret): Promise<void>;
  remove(environment: Environment, secret: string): Promise<void>;
}
