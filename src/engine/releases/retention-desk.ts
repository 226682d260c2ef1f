/**
 * Lets go what policies let go. What goes is written down before it goes, and is worked out anew each time: a removal that
 * was cut off is done by the next one. Releases, records and the audit log are never cut.
 */

import { isEnded } from "../../core/release/state.ts";
import { backupsToRemove } from "../../core/retention/backups-to-remove.ts";
import { type ActorId, actorId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { ok, type Result } from "../../core/values/result.ts";
import type { Backup } from "../../ports/backups.ts";
import type { Places } from "./places.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseStreams } from "./release-streams.ts";

const EVERY_MS = 60 * 60 * 1_000;
const VERSION = 1;

/** What went, or would go. */
export interface Pruned {
  readonly environment: string;
  /** Absent where the environment has no policy of backups: all are kept. */
  readonly keepMs?: number;
  readonly removed: readonly Backup[];
  readonly kept: number;
}

interface RetentionParts {
  readonly ports: Pick<ReleasePorts, "clock" | "eventLog">;
  readonly streams: ReleaseStreams;
  readonly places: Places;
}

/** The desk of one installation. */
export class RetentionDesk {
  readonly #parts: RetentionParts;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Removes what the environment's policy lets go; with `dryRun` it says so and removes nothing. One at a time. */
  prune(
    name: string,
    asked: { readonly actor: ActorId; readonly dryRun: boolean },
  ): Promise<Result<Pruned, NonEmpty<Problem>>> {
    const turn = this.#turn.then(() => this.#prune(name, asked));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Prunes every environment once an hour, until the signal aborts. One that fails is told, and is no reason to stop. */
  async keep(
    environments: () => Promise<readonly string[]>,
    onFailure: (environment: string, cause: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.ports.clock.sleep(EVERY_MS, signal);
      for (const name of signal.aborted ? [] : await environments()) {
        const asked = { actor: actorId("system", ""), dryRun: false };
        await this.prune(name, asked).catch((cause: unknown) => onFailure(name, cause));
      }
    }
  }

  async #prune(
    name: string,
    { actor, dryRun }: { readonly actor: ActorId; readonly dryRun: boolean },
  ): Promise<Result<Pruned, NonEmpty<Problem>>> {
    const { ports, streams, places } = this.#parts;
    const place = await places.named(name);
    if (!place.ok) return place;
    const { environment, environmentPorts } = place.value;
    const backups = await environmentPorts.backups.list();
    const keepMs = environment.policies.retention?.backupsMs;
    if (keepMs === undefined) return ok({ environment: environment.name, removed: [], kept: backups.length });
    const active = streams.all().filter((release) => !isEnded(release));
    const needed = new Set(active.flatMap(({ backup }) => backup ?? []));
    const removed = backupsToRemove({ backups, keepMs, needed, now: ports.clock.now() });
    if (!dryRun && removed.length > 0) {
      await this.#write(environment.name, actor, removed);
      for (const { id } of removed) await environmentPorts.backups.remove(id);
    }
    return ok({ environment: environment.name, keepMs, removed, kept: backups.length - removed.length });
  }

  async #write(environment: string, actor: ActorId, backups: readonly Backup[]): Promise<void> {
    const { eventLog, clock } = this.#parts.ports;
    const stream = `retention/${environment}`;
    const last = (await eventLog.read(stream)).at(-1)?.sequence ?? 0;
    const event = { type: "backups-let-go", backups };
    const events = [{ event, version: VERSION, actor, at: clock.now() }];
    const appended = await eventLog.append({ stream, expectedSequence: last, events });
    if (!appended.ok) throw new Error(`another server removes backups of ${environment}`);
  }
}
