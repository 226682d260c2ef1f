import type { Trigger } from "../../core/trigger/trigger.ts";
import type { Documents } from "../../ports/documents.ts";

const TRIGGERS = "build-triggers";
const NAMES = "build-trigger-names";
const DELIVERIES = "build-trigger-deliveries";
/** Triggers of one place that are listed, and deliveries of one trigger that are kept. */
const MAX_TRIGGERS = 1_000;
const MAX_DELIVERIES = 200;

/** Where triggers are: builds of different regions do not meet. */
export interface TriggerPlace {
  readonly project: string;
  readonly location: string;
}

/** One event that reached a trigger, and what came of it. */
export interface Delivery {
  readonly id: string;
  readonly at: string;
  readonly verdict: "accepted" | "refused" | "filtered" | "disabled";
  readonly build?: string;
  readonly reason?: string;
}

/** Triggers and what was delivered to them, as documents. */
export class TriggerStore {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** False where the name is taken. */
  async create(trigger: Trigger): Promise<boolean> {
    const named = await this.#documents.put(NAMES, keyOf(trigger, trigger.settings.name), trigger.id, 0);
    if (!named.ok) return false;
    await this.#documents.put(TRIGGERS, keyOf(trigger, trigger.id), trigger, 0);
    return true;
  }

  /** By its id or its name. */
  async find(place: TriggerPlace, idOrName: string): Promise<Trigger | undefined> {
    const byId = await this.#documents.get<Trigger>(TRIGGERS, keyOf(place, idOrName));
    if (byId !== undefined) return byId.value;
    const id = (await this.#documents.get<string>(NAMES, keyOf(place, idOrName)))?.value;
    return id === undefined ? undefined : (await this.#documents.get<Trigger>(TRIGGERS, keyOf(place, id)))?.value;
  }

  /** Newest first. */
  async list(place: TriggerPlace): Promise<readonly Trigger[]> {
    const query = { collection: TRIGGERS, prefix: keyOf(place, ""), limit: MAX_TRIGGERS };
    const found = (await this.#documents.list<Trigger>(query)).map(({ value }) => value);
    return found.sort((a, b) => b.createdAt - a.createdAt);
  }

  /** False where another trigger has the new name. */
  async change(trigger: Trigger, next: Trigger): Promise<boolean> {
    const isRenamed = trigger.settings.name !== next.settings.name;
    if (isRenamed && !(await this.#documents.put(NAMES, keyOf(next, next.settings.name), next.id, 0)).ok) return false;
    const key = keyOf(trigger, trigger.id);
    const kept = await this.#documents.get<Trigger>(TRIGGERS, key);
    await this.#documents.put(TRIGGERS, key, next, kept?.version ?? 0);
    if (isRenamed) await this.#documents.remove(NAMES, keyOf(trigger, trigger.settings.name));
    return true;
  }

  async remove(trigger: Trigger): Promise<void> {
    await this.#documents.remove(TRIGGERS, keyOf(trigger, trigger.id));
    await this.#documents.remove(NAMES, keyOf(trigger, trigger.settings.name));
    for (const { key } of await this.#deliveries(trigger.id)) await this.#documents.remove(DELIVERIES, key);
  }

  /** Keeps what came of a delivery; the oldest goes where there are too many. */
  async noteDelivery(trigger: Trigger, delivery: Delivery): Promise<void> {
    const key = `${trigger.id}/${delivery.at}/${delivery.id}`;
    await this.#documents.put(DELIVERIES, key, delivery, 0);
    const kept = await this.#deliveries(trigger.id);
    for (const { key: old } of kept.slice(0, Math.max(kept.length - MAX_DELIVERIES, 0))) {
      await this.#documents.remove(DELIVERIES, old);
    }
  }

  /** Oldest first. */
  async deliveries(trigger: Trigger): Promise<readonly Delivery[]> {
    return (await this.#deliveries(trigger.id)).map(({ value }) => value);
  }

  #deliveries(trigger: string) {
    const limit = MAX_DELIVERIES * 2;
    return this.#documents.list<Delivery>({ collection: DELIVERIES, prefix: `${trigger}/`, limit });
  }
}

function keyOf({ project, location }: TriggerPlace, name: string): string {
  return `${project}/${location}/${name}`;
}
