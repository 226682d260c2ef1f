/**
 * Triggers of builds: kept, and run by hand, by a webhook or by what happens in a repository. A build of a trigger is
 * dynamic and loose, as on Cloud Build. Begin with `TriggerEngine`; `prepare-run.ts` decides what a run submits.
 */
import { createHash } from "node:crypto";
import type { Build } from "../../core/build/state.ts";
import { isWriteBack } from "../../core/trigger/github-event.ts";
import type { Trigger, TriggerSettings } from "../../core/trigger/trigger.ts";
import { validateTrigger } from "../../core/trigger/validate-trigger.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { BuildEngine } from "../builds/build-engine.ts";
import type { TriggerSource } from "./find-revision.ts";
import { type PreparedRun, prepareRun } from "./prepare-run.ts";
import type { TriggerRefusal, TriggerRun } from "./trigger-run.ts";
import { type Delivery, type TriggerPlace, TriggerStore } from "./trigger-store.ts";

export interface TriggerEngineParts {
  readonly builds: BuildEngine;
  readonly documents: Documents;
  readonly source: TriggerSource;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** All triggers of one installation. */
export class TriggerEngine {
  readonly #parts: TriggerEngineParts;
  readonly #store: TriggerStore;
  /** The last of the equal deliveries that are under way, by trigger and delivery. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(parts: TriggerEngineParts) {
    this.#parts = parts;
    this.#store = new TriggerStore(parts.documents);
  }

  find(place: TriggerPlace, idOrName: string): Promise<Trigger | undefined> {
    return this.#store.find(place, idOrName);
  }

  /** Newest first. */
  list(place: TriggerPlace): Promise<readonly Trigger[]> {
    return this.#store.list(place);
  }

  /** Those of a project that wait for events of the repository `owner/name` on GitHub. */
  async ofGithub(project: string, repository: string): Promise<readonly Trigger[]> {
    return (await this.#store.ofProject(project)).filter(({ settings: { github } }) => {
      return `${github?.owner}/${github?.name}`.toLowerCase() === repository.toLowerCase();
    });
  }

  /** Oldest first. */
  deliveries(trigger: Trigger): Promise<readonly Delivery[]> {
    return this.#store.deliveries(trigger);
  }

  /** A trigger without a name gets one, as from Google. */
  async create(place: TriggerPlace, given: TriggerSettings): Promise<Result<Trigger, TriggerRefusal>> {
    const { clock, ids } = this.#parts;
    const id = ids.uuid();
    const settings = { ...given, name: given.name ?? `trigger-${id.slice(0, 8)}` };
    const valid = validateTrigger(settings);
    if (!valid.ok) return invalid(valid.error);
    const trigger: Trigger = { id, project: place.project, location: place.location, createdAt: clock.now(), settings };
    const created = await this.#store.create(trigger);
    if (created === "too-many") return err({ kind: created, message: "there are too many triggers in this place" });
    return created === "created" ? ok(trigger) : taken(settings.name);
  }

  /** `next` makes new settings of those that are there, perhaps more than once: others may be faster. */
  async change(
    trigger: Trigger,
    next: (settings: TriggerSettings) => Result<TriggerSettings, string>,
  ): Promise<Result<Trigger, TriggerRefusal>> {
    let name = "";
    const changed = await this.#store.change(trigger, (now) => {
      const given = next(now.settings);
      if (!given.ok) return given;
      name = given.value.name ?? now.settings.name;
      const settings = { ...given.value, name };
      const valid = validateTrigger(settings);
      return valid.ok ? ok({ ...now, settings }) : valid;
    });
    if (changed.ok) return changed;
    const { error } = changed;
    if (error.kind === "invalid") return invalid(error.message);
    return error.kind === "taken" ? taken(name) : err({ kind: "gone", message: `trigger ${trigger.id} not found` });
  }

  remove(trigger: Trigger): Promise<void> {
    return this.#store.remove(trigger);
  }

  /** Starts the trigger's build; a disabled trigger starts none, whoever asks. */
  async run(run: TriggerRun): Promise<Result<Build, TriggerRefusal>> {
    const { disabled, name } = run.trigger.settings;
    if (disabled === true) return err({ kind: "unavailable", message: `trigger ${name} is disabled` });
    const prepared = await prepareRun(this.#parts.source, run);
    return prepared.ok ? this.#submit(run, prepared.value) : prepared;
  }

  /**
   * An event from outside: whatever comes of it is kept, and told only to those who may read the trigger. Equal deliveries
   * go one after another, so that all but the first find their build.
   */
  async deliver(run: TriggerRun): Promise<Delivery> {
    const { trigger, delivery } = run;
    const key = `${trigger.id}\n${delivery ?? this.#parts.ids.uuid()}`;
    const turn = (this.#underWay.get(key) ?? Promise.resolve()).then(() => this.#deliver(run));
    const ended = turn
      .catch(() => {}) // whoever sent that one hears of it
      .then(() => void (this.#underWay.get(key) === ended && this.#underWay.delete(key)));
    this.#underWay.set(key, ended);
    return turn;
  }

  async #deliver(run: TriggerRun): Promise<Delivery> {
    const { clock, ids } = this.#parts;
    const about = { id: run.delivery ?? ids.uuid(), at: toIso(clock.now()) };
    const delivery: Delivery = { ...about, ...(await this.#verdictOf(run)) };
    await this.#store.noteDelivery(run.trigger, delivery, ids.uuid());
    return delivery;
  }

  async #verdictOf(run: TriggerRun): Promise<Pick<Delivery, "verdict" | "build" | "reason">> {
    const { trigger, delivery, payload } = run;
    if (trigger.settings.disabled === true) return { verdict: "disabled" };
    const known = delivery === undefined ? undefined : await this.#parts.builds.get(deliveredBuild(trigger, delivery));
    if (known !== undefined) return { verdict: "duplicate", build: known.id };
    if (isWriteBack(payload)) return { verdict: "filtered", reason: "the server pushed it itself after a release" };
    const started = await this.run(run);
    if (started.ok) return { verdict: "accepted", build: started.value.id };
    const { kind, message } = started.error;
    return { verdict: kind === "filtered" ? "filtered" : "refused", reason: message };
  }

  async #submit(
    { trigger, actor, delivery }: TriggerRun,
    { config, builtIns, substitutions }: PreparedRun,
  ): Promise<Result<Build, TriggerRefusal>> {
    const { id, project, location, settings } = trigger;
    const submitted = await this.#parts.builds.submit({
      project,
      location,
      actor,
      config: { ...config, tags: [...new Set([...(config.tags ?? []), ...(settings.tags ?? []), `trigger-${id}`])] },
      substitutions,
      trigger: {
        id,
        builtIns: { ...builtIns, TRIGGER_NAME: settings.name },
        needsApproval: settings.approvalConfig?.approvalRequired === true,
      },
      ...(delivery === undefined ? {} : { id: deliveredBuild(trigger, delivery) }),
    });
    if (submitted.ok) return submitted;
    const { kind, message } = submitted.error;
    return err({ kind: kind === "invalid" ? "invalid" : "unavailable", message });
  }
}

function invalid(message: string): Result<never, TriggerRefusal> {
  return err({ kind: "invalid", message });
}

function taken(name: string): Result<never, TriggerRefusal> {
  return err({ kind: "exists", message: `trigger with name "${name}" already exists` });
}

/** The same delivery to the same trigger is the same build: no record of it can be lost in between. */
function deliveredBuild(trigger: Trigger, delivery: string): string {
  const hex = createHash("sha256").update(`${trigger.id}\n${delivery}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
