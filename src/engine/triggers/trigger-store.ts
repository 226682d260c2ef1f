import type { Trigger } from "../../core/trigger/trigger.ts";
import { err, type Result } from "../../core/values/result.ts";
import type { Document, Documents } from "../../ports/documents.ts";

const TRIGGERS = "build-triggers";
const DELIVERIES = "build-trigger-deliveries";
/** Triggers of one place, and of one project in all its regions that hear of an event; deliveries kept of one trigger. */
const MAX_TRIGGERS = 1_000;
const MAX_OF_PROJECT = 10_000;
const MAX_DELIVERIES = 200;
/** Others may change a trigger meanwhile; each try reads it again. */
const CHANGE_TRIES = 5;

/** Where triggers are: those of different regions do not meet. */
export interface TriggerPlace {
  readonly project: string;
  readonly location: string;
}

/** One event that reached a trigger, and what came of it. */
export interface Delivery {
  readonly id: string;
  readonly at: string;
  readonly verdict: "accepted" | "duplicate" | "refused" | "filtered" | "disabled";
  readonly build?: string;
  readonly reason?: string;
}

/** Why a trigger was not changed. */
export type ChangeRefusal =
  | { readonly kind: "invalid"; readonly message: string }
  | { readonly kind: "taken" }
  | { readonly kind: "gone" };

/** Triggers and what was delivered to them, as documents. A trigger's key is its name, so that no two have one name. */
export class TriggerStore {
  readonly #documents: Documents;
  /** Tells deliveries of one millisecond apart, in their order. */
  #noted = 0;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async create(trigger: Trigger): Promise<"created" | "taken" | "too-many"> {
    if ((await this.#all(trigger)).length >= MAX_TRIGGERS) return "too-many";
    const put = await this.#documents.put(TRIGGERS, keyOf(trigger, trigger.settings.name), trigger, 0);
    return put.ok ? "created" : "taken";
  }

  /** By its id or its name. */
  async find(place: TriggerPlace, idOrName: string): Promise<Trigger | undefined> {
    return (await this.#find(place, idOrName))?.value;
  }

  /** Newest first. */
  async list(place: TriggerPlace): Promise<readonly Trigger[]> {
    const found = (await this.#all(place)).map(({ value }) => value);
    return found.sort((a, b) => b.createdAt - a.createdAt);
  }

  /** All triggers of a project, in whatever region. */
  async ofProject(project: string): Promise<readonly Trigger[]> {
    const found = await this.#documents.list<Trigger>({
      collection: TRIGGERS,
      prefix: `${project}/`,
      limit: MAX_OF_PROJECT,
    });
    return found.map(({ value }) => value);
  }

  /** Changes what is there now, as `next` says; tried again where somebody else was faster. */
  async change(
    trigger: Trigger,
    next: (now: Trigger) => Result<Trigger, string>,
  ): Promise<Result<Trigger, ChangeRefusal>> {
    for (let triesLeft = CHANGE_TRIES; triesLeft > 0; triesLeft -= 1) {
      const kept = await this.#find(trigger, trigger.id);
      if (kept === undefined) return err({ kind: "gone" });
      const changed = next(kept.value);
      if (!changed.ok) return err({ kind: "invalid", message: changed.error });
      const key = keyOf(trigger, changed.value.settings.name);
      const isRenamed = key !== kept.key;
      const put = await this.#documents.put(TRIGGERS, key, changed.value, isRenamed ? 0 : kept.version);
      if (put.ok && isRenamed) await this.#documents.remove(TRIGGERS, kept.key);
      if (put.ok) return changed;
      if (isRenamed) return err({ kind: "taken" });
    }
    throw new Error(`trigger ${trigger.id} changes all the time`);
  }

  async remove(trigger: Trigger): Promise<void> {
    // More than one where the server was killed while the trigger was given another name.
    for (const { key, value } of await this.#all(trigger)) {
      if (value.id === trigger.id) await this.#documents.remove(TRIGGERS, key);
    }
    for (const { key } of await this.#deliveries(trigger.id)) await this.#documents.remove(DELIVERIES, key);
  }

  /** Keeps what came of a delivery; the oldest goes where there are too many. */
  async noteDelivery(trigger: Trigger, delivery: Delivery, unique: string): Promise<void> {
    const order = String(this.#noted++).padStart(12, "0");
    await this.#documents.put(DELIVERIES, `${trigger.id}/${delivery.at}/${order}-${unique}`, delivery, 0);
    const kept = await this.#deliveries(trigger.id);
    for (const { key: old } of kept.slice(0, Math.max(kept.length - MAX_DELIVERIES, 0))) {
      await this.#documents.remove(DELIVERIES, old);
    }
  }

  /** Oldest first. */
  async deliveries(trigger: Trigger): Promise<readonly Delivery[]> {
    return (await this.#deliveries(trigger.id)).map(({ value }) => value);
  }

  async #find(place: TriggerPlace, idOrName: string): Promise<Document<Trigger> | undefined> {
    // A name may look like the id of another one: the id goes first.
    const byId = UUID.test(idOrName) ? (await this.#all(place)).find(({ value }) => value.id === idOrName) : undefined;
    return byId ?? this.#documents.get<Trigger>(TRIGGERS, keyOf(place, idOrName));
  }

  #all(place: TriggerPlace): Promise<readonly Document<Trigger>[]> {
    return this.#documents.list<Trigger>({ collection: TRIGGERS, prefix: keyOf(place, ""), limit: MAX_TRIGGERS });
  }

  #deliveries(trigger: string): Promise<readonly Document<Delivery>[]> {
    const limit = MAX_DELIVERIES * 2;
    return this.#documents.list<Delivery>({ collection: DELIVERIES, prefix: `${trigger}/`, limit });
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function keyOf({ project, location }: TriggerPlace, name: string): string {
  return `${project}/${location}/${name}`;
}
