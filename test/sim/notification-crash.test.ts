import { describe, expect, it } from "vitest";
import { NotificationDispatcher } from "../../src/engine/notifications/dispatcher.ts";
import type { NotificationPorts } from "../../src/engine/notifications/notification-ports.ts";
import { createMemoryReceivers } from "../../src/ports/receivers.fake.ts";
import { notificationWorld, releaseEvents } from "../notifications/notification-world.ts";

const succeeded = { type: "release-ended", outcome: { kind: "succeeded" } } as const;
const DIFFERENCE = { subject: "job nightly", field: "job", expected: "there", observed: "removed", kind: "differs" };
const EXPECTED = [
  ...["REL-1/2@slack", "REL-1/4@slack", "REL-2/2@slack", "REL-2/4@slack"],
  ...["drift/staging/1@slack", "drift/staging/2@slack"],
];

/** Ports whose calls count, and die with their process at the one given: before it does anything, or after it has. */
function mortal(ports: NotificationPorts, fate: { call: number; readonly side: "before" | "after" }) {
  let calls = 0;
  let isDead = false;
  let die: () => void = () => {};
  const death = new Promise<void>((resolve) => {
    die = resolve;
  });
  const point = async (side: "before" | "after", call: number) => {
    if (isDead) await new Promise(() => {});
    if (call !== fate.call || side !== fate.side) return;
    isDead = true;
    die();
    await new Promise(() => {});
  };
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const member = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          calls += 1;
          const call = calls;
          await point("before", call);
          const result = await member.apply(target, args);
          await point("after", call);
          return result;
        };
      },
    });
  const { eventLog, outbox, receivers, secrets } = ports;
  const wrapped = {
    eventLog: wrap(eventLog),
    outbox: wrap(outbox),
    receivers: wrap(receivers),
    secrets: wrap(secrets),
  };
  return { ports: { ...ports, ...wrapped }, death, calls: () => calls };
}

/** Two releases and a difference that comes and goes, one at a time, with a server that dies at the call given; a second one goes on. */
async function live(fate: { call: number; readonly side: "before" | "after" }) {
  const receivers = createMemoryReceivers();
  const world = notificationWorld({ receivers });
  const first = mortal(world.ports, fate);
  const work = async (ports: NotificationPorts) => {
    const dispatcher = new NotificationDispatcher(ports);
    for (let n = 0; n < 3; n += 1) {
      await dispatcher.round();
      await dispatcher.settled();
    }
  };
  await world.append("release/REL-1", releaseEvents("REL-1", succeeded));
  await world.append("release/REL-2", releaseEvents("REL-2", succeeded));
  const looks = [[DIFFERENCE], []].map((drifts) => ({ type: "drift-seen", drifts }));
  await world.append("drift/staging", looks);
  const how = await Promise.race([
    work(first.ports).then(() => "lived" as const),
    first.death.then(() => "died" as const),
  ]);
  await work(world.ports);
  return { how, calls: first.calls(), taken: receivers.taken, waiting: await world.ports.outbox.channels("waiting") };
}

describe("a dispatcher that is killed at any call", () => {
  it("loses no message, and repeats one at most: that which the receiver may have got", {
    timeout: 60_000,
  }, async () => {
    const whole = await live({ call: 0, side: "before" });
    expect(whole.how).toBe("lived");
    expect(whole.calls).toBeGreaterThan(15);
    for (let call = 1; call <= whole.calls; call += 1) {
      for (const side of ["before", "after"] as const) {
        const { taken, waiting, how } = await live({ call, side });
        expect(how).toBe("died");
        const ids = taken.map(({ id }) => id);
        const label = `${side} call ${call}: ${ids.join(", ")}`;
        expect(new Set(ids.filter((id) => id.includes("@slack"))), label).toEqual(new Set(EXPECTED));
        expect(new Set(ids).size, label).toBe(EXPECTED.length + 2);
        // Both channels may have had a message on its way.
        expect(ids.length, label).toBeLessThanOrEqual(EXPECTED.length + 2 + 2);
        expect(waiting, label).toEqual([]);
      }
    }
  });
});
