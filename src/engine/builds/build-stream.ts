import { applyEvent, foldBuild } from "../../core/build/apply-event.ts";
import { BUILD_EVENT_VERSION, type BuildEvent } from "../../core/build/events.ts";
import type { Build } from "../../core/build/state.ts";
import { Bug, present } from "../../core/values/assert.ts";
import { type ActorId, actorId } from "../../core/values/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventLog } from "../../ports/event-log.ts";

/** Prefix of the streams of builds in the event log. */
export const BUILD_STREAMS = "build/";

/** One build's events as its only writer sees them. */
export interface BuildStream {
  readonly state: Build;
  /**
   * Appends an event, one after the other. `refused`: the event is not legal any more, as another came before it. Throws
   * where the log fails, or somebody else has written to the stream.
   */
  record(event: BuildEvent, actor?: ActorId): Promise<"recorded" | "refused">;
}

interface StreamParts {
  readonly eventLog: EventLog;
  readonly clock: Clock;
}

/** Begins a new build's stream. */
export async function beginBuild(
  { eventLog, clock }: StreamParts,
  created: Extract<BuildEvent, { type: "build-created" }>,
  actor: ActorId,
): Promise<BuildStream> {
  const at = clock.now();
  const applied = applyEvent(undefined, { event: created, at, sequence: 1 });
  if (!applied.ok) throw new Bug(`a new build refused ${applied.error.event}`);
  const events = [{ event: created, version: BUILD_EVENT_VERSION, actor, at }];
  const stored = await eventLog.append({ stream: BUILD_STREAMS + created.build, expectedSequence: 0, events });
  if (!stored.ok) throw new Bug(`the stream of build ${created.build} is not new: ${stored.error.kind}`);
  return openStream({ eventLog, clock }, applied.value);
}

/** The build that a stream's events make; undefined for an empty stream. */
export async function loadBuild(eventLog: EventLog, id: string): Promise<Build | undefined> {
  const events = await eventLog.read<BuildEvent>(BUILD_STREAMS + id);
  if (events.length === 0) return undefined;
  const folded = foldBuild(events);
  if (!folded.ok) throw new Bug(`build ${id} has an illegal ${folded.error.event} while ${folded.error.stage}`);
  return folded.value;
}

/** Goes on with a build whose events are the given state. */
export function openStream({ eventLog, clock }: StreamParts, from: Build): BuildStream {
  let state = from;
  let last: Promise<unknown> = Promise.resolve();
  const append = async (event: BuildEvent, actor: ActorId) => {
    const at = clock.now();
    const applied = applyEvent(state, { event, at, sequence: state.lastSequence + 1 });
    if (!applied.ok) return "refused";
    const stored = await eventLog.append({
      stream: BUILD_STREAMS + state.id,
      expectedSequence: state.lastSequence,
      events: [{ event, version: BUILD_EVENT_VERSION, actor, at }],
    });
    if (!stored.ok) throw new Bug(`build ${state.id} has another writer: ${stored.error.kind}`);
    const sequence = present(stored.value[0], "the stored event").sequence;
    state = { ...applied.value, lastSequence: sequence };
    return "recorded";
  };
  return {
    get state() {
      return state;
    },
    record(event, actor = actorId("system", "")) {
      const appended = last.then(
        () => append(event, actor),
        () => append(event, actor),
      );
      last = appended;
      return appended;
    },
  };
}
