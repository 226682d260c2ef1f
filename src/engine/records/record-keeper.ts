/**
 * Writes the entries of releases that ended otherwise than well. A release that succeeds records itself, as its last
 * phase and beside its pinned manifest; one that failed has no such phase, and its driver is gone. Each is written once:
 * its own stream in the event log says what is meant before the commit is made and what came of it after, and the
 * commit is found again by its trailer.
 */
import { CHECKLIST_FILE } from "../../core/records/checklist.ts";
import { settledAt } from "../../core/records/release-log.ts";
import { hasRecord, recordFiles } from "../../core/records/release-record.ts";
import type { Release } from "../../core/release/state.ts";
import { assert } from "../../core/values/assert.ts";
import { actorId, type CommitId, type ReleaseId } from "../../core/values/ids.ts";
import { PlatformReader } from "../releases/platform-reader.ts";
import type { ReleasePorts } from "../releases/release-ports.ts";
import { readRecord } from "./read-record.ts";

const POLL_MS = 1_000;
/** Tries of one record, and the longest pause between two; the next start of the server tries again. */
const TRIES = 30;
const PAUSE_MAX_MS = 60_000;
/** Releases that are looked back at when the server starts. */
const KEPT = 10_000;
const EVENT_VERSION = 1;

type RecordEvent =
  | { readonly type: "record-intended" }
  | { readonly type: "record-written"; readonly commit: CommitId | "nothing-to-write" };

export type KeeperPorts = Pick<ReleasePorts, "clock" | "eventLog" | "source" | "writeBack" | "umbrella">;

export interface RecordKeeperOptions {
  readonly ports: KeeperPorts;
  /** All releases, in any order. */
  readonly releases: () => readonly Release[];
  /** Told of each try that failed. */
  readonly onFailure: (release: ReleaseId, cause: unknown) => void;
}

/** Keeps the records of one installation; `run` is called once, after the releases are read. */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions;
  readonly #platforms: PlatformReader;
  readonly #settled = new Set<ReleaseId>();
  readonly #tries = new Map<ReleaseId, { readonly count: number; readonly nextMs: number }>();

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
    this.#platforms = new PlatformReader(options.ports);
  }

  /** Writes what is missing, then what comes, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, eventLog } = this.#options.ports;
    for (const stream of await eventLog.streams({ prefix: "record/", limit: KEPT })) {
      const events = await eventLog.read<RecordEvent>(stream);
      if (events.some(({ event }) => event.type === "record-written")) this.#settled.add(releaseOf(stream));
    }
    while (!signal.aborted) {
      for (const release of this.#due()) {
        if (signal.aborted) return;
        await this.#try(release);
      }
      await clock.sleep(POLL_MS, signal);
    }
  }

  /** Oldest first. */
  #due(): readonly Release[] {
    const { releases, ports } = this.#options;
    const nowMs = ports.clock.monotonicMs();
    const due = releases().filter(
      (release) =>
        !this.#settled.has(release.id) && isForUs(release) && (this.#tries.get(release.id)?.nextMs ?? 0) <= nowMs,
    );
    return [...due].sort((a, b) => numberOf(a.id) - numberOf(b.id));
  }

  async #try(release: Release): Promise<void> {
    const { ports, onFailure } = this.#options;
    try {
      await this.#write(release);
      this.#settled.add(release.id);
    } catch (cause) {
      onFailure(release.id, cause);
      const count = (this.#tries.get(release.id)?.count ?? 0) + 1;
      if (count >= TRIES) this.#settled.add(release.id);
      const pauseMs = Math.min(PAUSE_MAX_MS, POLL_MS * 2 ** count);
      this.#tries.set(release.id, { count, nextMs: ports.clock.monotonicMs() + pauseMs });
    }
  }

  async #write(release: Release): Promise<void> {
    const { ports } = this.#options;
    const read = await this.#platforms.at(release.umbrellaCommit);
    if (!read.ok || read.value.git.writeBack.kind === "none") return;
    const { branch } = read.value.git.writeBack;
    const files = recordFiles(await readRecord(ports.source, read.value, release));
    const { id, plan, stage } = release;
    assert(stage.name === "ended", "only what has ended is recorded here");
    await this.#append(id, { type: "record-intended" });
    const written = await ports.writeBack.commit({
      branch,
      release: id,
      message: `Record ${id}: ${plan.manifest.releaseId} to ${plan.environment} ended ${stage.outcome.kind}`,
      // What a newer release proved is not taken back by an older one that is recorded late.
      files: this.#isNewest(release) ? files : files.filter(({ path }) => path !== CHECKLIST_FILE),
    });
    if (!written.ok) throw new Error(`${branch} cannot be written: ${JSON.stringify(written.error)}`);
    await this.#append(id, { type: "record-written", commit: written.value.commit ?? "nothing-to-write" });
  }

  #isNewest(release: Release): boolean {
    return this.#options
      .releases()
      .filter(({ plan }) => plan.environment === release.plan.environment)
      .every((other) => numberOf(other.id) <= numberOf(release.id) || settledAt(other) === undefined);
  }

  /** Tries that went before have left events of theirs. */
  async #append(release: ReleaseId, event: RecordEvent): Promise<void> {
    const { clock, eventLog } = this.#options.ports;
    const stream = `record/${release}`;
    const known = await eventLog.read<RecordEvent>(stream);
    if (event.type === "record-intended" && known.length > 0) return;
    const appended = await eventLog.append<RecordEvent>({
      stream,
      expectedSequence: known.at(-1)?.sequence ?? 0,
      events: [{ event, version: EVENT_VERSION, actor: actorId("system", ""), at: clock.now() }],
    });
    if (!appended.ok) throw new Error(`${stream}: ${appended.error.kind}`);
  }
}

/** Ended, not well, and not before anything was done outside. */
function isForUs(release: Release): boolean {
  const { stage } = release;
  return stage.name === "ended" && stage.outcome.kind !== "succeeded" && hasRecord(release);
}

function releaseOf(stream: string): ReleaseId {
  return `REL-${Number(stream.slice("record/REL-".length))}`;
}

function numberOf(id: ReleaseId): number {
  return Number(id.slice("REL-".length));
}
