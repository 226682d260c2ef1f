import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import type { Trigger } from "../../src/core/trigger/trigger.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { TriggerEngine } from "../../src/engine/triggers/trigger-engine.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import type { Documents } from "../../src/ports/documents.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import { type BuildWorld, createBuildWorld } from "./build-world.ts";

const PLACE = { project: "p1", location: "global" };
const SETTINGS = { name: "hook", build: { steps: [{ name: "ubuntu", args: ["true"] }] } };
const NO_SOURCE = {
  isDeclared: async () => false,
  refresh: () => Promise.reject(new Error("no repository")),
  resolve: () => Promise.reject(new Error("no repository")),
  readFile: () => Promise.reject(new Error("no repository")),
  list: () => Promise.reject(new Error("no repository")),
};

function triggersOf(world: BuildWorld, documents: Documents): TriggerEngine {
  return new TriggerEngine({ builds: world.engine, documents, source: NO_SOURCE, clock: systemClock, ids: systemIds });
}

/** Documents of a server that is killed when it first writes to the collection: nothing is written from then on. */
function killedAt(collection: string, documents: Documents): Documents {
  let isKilled = false;
  const put: Documents["put"] = (name, ...written) => {
    isKilled ||= name === collection;
    return isKilled ? Promise.reject(new Error("killed")) : documents.put(name, ...written);
  };
  return { ...documents, put };
}

const deliver = (engine: TriggerEngine, trigger: Trigger, delivery: string) =>
  engine.deliver({ trigger, payload: {}, delivery, actor: actorId("trigger", "hook") });

describe("a delivery", () => {
  it("makes one build, whenever the server was killed and however often it comes", async () => {
    const eventLog = createMemoryEventLog();
    const documents = createMemoryDocuments();
    const first = createBuildWorld({ eventLog });
    const killed = triggersOf(first, killedAt("build-trigger-deliveries", documents));
    const made = await killed.create(PLACE, SETTINGS);
    if (!made.ok) throw new Error(made.error.message);
    await expect(deliver(killed, made.value, "d-1")).rejects.toThrow("killed");
    await first[Symbol.asyncDispose]();

    await using second = createBuildWorld({ eventLog });
    const engine = triggersOf(second, documents);
    const again = await Promise.all(Array.from({ length: 50 }, () => deliver(engine, made.value, "d-1")));
    const [build] = await second.engine.list({ limit: 100 });
    expect(new Set(again.map(({ verdict }) => verdict))).toEqual(new Set(["duplicate"]));
    expect(new Set(again.map((delivery) => delivery.build))).toEqual(new Set([build?.id]));
    const other = await deliver(engine, made.value, "d-2");
    expect(other.verdict).toBe("accepted");
    expect(await second.engine.list({ limit: 100 })).toHaveLength(2);
  });

  it("is kept with the newest of its trigger, a bounded number of them", async () => {
    const documents = createMemoryDocuments();
    await using world = createBuildWorld();
    const engine = triggersOf(world, documents);
    const made = await engine.create(PLACE, { ...SETTINGS, disabled: true });
    if (!made.ok) throw new Error(made.error.message);
    for (let count = 0; count < 205; count += 1) await deliver(engine, made.value, `d-${count}`);
    const kept = await engine.deliveries(made.value);
    expect([kept.length, kept[0]?.id, kept.at(-1)?.id]).toEqual([200, "d-5", "d-204"]);
    await engine.remove(made.value);
    expect(await documents.list({ collection: "build-trigger-deliveries", prefix: "", limit: 10 })).toEqual([]);
  });

  it("reaches a trigger whose renaming was cut off, by one of its names", async () => {
    const documents = createMemoryDocuments();
    await using world = createBuildWorld();
    const engine = triggersOf(world, documents);
    const made = await engine.create(PLACE, SETTINGS);
    if (!made.ok) throw new Error(made.error.message);
    const cut = triggersOf(world, { ...documents, remove: () => Promise.reject(new Error("killed")) });
    await expect(cut.change(made.value, (now) => ({ ok: true, value: { ...now, name: "new" } }))).rejects.toThrow();
    expect((await engine.find(PLACE, "new"))?.id).toBe(made.value.id);
    await engine.remove(made.value);
    expect(await engine.list(PLACE)).toEqual([]);
  });
});
