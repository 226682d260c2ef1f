/**
 * Triggers of builds: kept, run by hand or by a webhook. A build of a trigger is dynamic and loose, as on Cloud Build; its
 * values come from the file, then the trigger, then the run. Begin with `TriggerEngine`.
 */
import { createHash } from "node:crypto";
import type { BuildConfig } from "../../core/build/build-config.ts";
import type { Build } from "../../core/build/state.ts";
import { bindPayload } from "../../core/trigger/payload.ts";
import type { RepoSource, Trigger, TriggerSettings } from "../../core/trigger/trigger.ts";
import { parseFilter } from "../../core/trigger/trigger-filter.ts";
import { validateTrigger } from "../../core/trigger/validate-trigger.ts";
import type { ActorId } from "../../core/values/ids.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { BuildEngine } from "../builds/build-engine.ts";
import { readTemplate, type TemplateSource } from "./read-template.ts";
import { type Delivery, type TriggerPlace, TriggerStore } from "./trigger-store.ts";

/** Why something of a trigger was not done. */
export interface TriggerRefusal {
  readonly kind: "invalid" | "exists" | "unavailable";
  readonly message: string;
}

export interface TriggerEngineParts {
  readonly builds: BuildEngine;
  readonly documents: Documents;
  readonly source: TemplateSource;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** One run of a trigger. */
export interface TriggerRun {
  readonly trigger: Trigger;
  readonly actor: ActorId;
  /** Its substitutions win over the trigger's. */
  readonly source?: RepoSource;
  /** What `$(body…)` in the trigger's values refers to. */
  readonly payload?: unknown;
  /** Equal ones make one build, also after a restart. */
  readonly delivery?: string;
}

export class TriggerEngine {
  readonly #parts: TriggerEngineParts;
  readonly #store: TriggerStore;

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

  deliveries(trigger: Trigger): Promise<readonly Delivery[]> {
    return this.#store.deliveries(trigger);
  }

  /** A trigger without a name gets one, as from Google. */
  async create(place: TriggerPlace, given: TriggerSettings): Promise<Result<Trigger, TriggerRefusal>> {
    const { clock, ids } = this.#parts;
    const id = ids.uuid();
    const settings = { ...given, name: given.name ?? `trigger-${id.slice(0, 8)}` };
    const valid = validateTrigger(settings);
    if (!valid.ok) return err({ kind: "invalid", message: valid.error });
    const trigger: Trigger = { id, project: place.project, location: place.location, createdAt: clock.now(), settings };
    return (await this.#store.create(trigger)) ? ok(trigger) : err(taken(settings.name));
  }

  async change(trigger: Trigger, given: TriggerSettings): Promise<Result<Trigger, TriggerRefusal>> {
    const settings = { ...given, name: given.name ?? trigger.settings.name };
    const valid = validateTrigger(settings);
    if (!valid.ok) return err({ kind: "invalid", message: valid.error });
    const next = { ...trigger, settings };
    return (await this.#store.change(trigger, next)) ? ok(next) : err(taken(settings.name));
  }

  remove(trigger: Trigger): Promise<void> {
    return this.#store.remove(trigger);
  }

  /** Starts the trigger's build. */
  async run(run: TriggerRun): Promise<Result<Build, TriggerRefusal>> {
    const prepared = await this.#prepare(run);
    if (!prepared.ok) return prepared;
    return prepared.value === "filtered"
      ? err({ kind: "invalid", message: "the trigger's filter lets nothing of it through" })
      : this.#submit(run, prepared.value);
  }

  /** An event from outside: whatever comes of it is kept, and told only to those who may read the trigger. */
  async deliver(run: TriggerRun): Promise<Delivery> {
    const { clock, ids } = this.#parts;
    const about = { id: run.delivery ?? ids.uuid(), at: toIso(clock.now()) };
    const delivery: Delivery = { ...about, ...(await this.#verdictOf(run)) };
    await this.#store.noteDelivery(run.trigger, delivery);
    return delivery;
  }

  async #verdictOf(run: TriggerRun): Promise<Pick<Delivery, "verdict" | "build" | "reason">> {
    if (run.trigger.settings.disabled === true) return { verdict: "disabled" };
    const prepared = await this.#prepare(run);
    if (!prepared.ok) return { verdict: "refused", reason: prepared.error.message };
    if (prepared.value === "filtered") return { verdict: "filtered" };
    const submitted = await this.#submit(run, prepared.value);
    if (!submitted.ok) return { verdict: "refused", reason: submitted.error.message };
    return { verdict: "accepted", build: submitted.value.id };
  }

  async #prepare({ trigger, source, payload }: TriggerRun): Promise<Result<Prepared | "filtered", TriggerRefusal>> {
    const { settings } = trigger;
    const template = await readTemplate(this.#parts.source, settings, source);
    if (!template.ok) return err({ kind: "unavailable", message: `Failed to trigger build: ${template.error}` });
    const bound = bindPayload(settings.substitutions ?? {}, payload);
    if (!bound.ok) return err({ kind: "invalid", message: bound.error });
    const substitutions = { ...bound.value, ...source?.substitutions };
    const filter = settings.filter === undefined ? undefined : parseFilter(settings.filter);
    if (filter?.ok === true && !filter.value({ ...template.value.config.substitutions, ...substitutions })) {
      return ok("filtered");
    }
    return ok({ ...template.value, substitutions });
  }

  async #submit(
    { trigger, actor, delivery }: TriggerRun,
    { config, builtIns, substitutions }: Prepared,
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
      ...(delivery === undefined ? {} : { id: deliveredBuild(id, delivery) }),
    });
    if (submitted.ok) return submitted;
    return err({
      kind: submitted.error.kind === "invalid" ? "invalid" : "unavailable",
      message: submitted.error.message,
    });
  }
}

interface Prepared {
  readonly config: BuildConfig;
  readonly builtIns: Readonly<Record<string, string>>;
  readonly substitutions: Readonly<Record<string, string>>;
}

function taken(name: string): TriggerRefusal {
  return { kind: "exists", message: `trigger with name "${name}" already exists` };
}

/** The same delivery to the same trigger is the same build: no record of it can be lost in between. */
function deliveredBuild(trigger: string, delivery: string): string {
  const hex = createHash("sha256").update(`${trigger}\n${delivery}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
