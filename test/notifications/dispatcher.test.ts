import { describe, expect, it } from "vitest";
import type { BuildEvent } from "../../src/core/build/events.ts";
import { instant } from "../../src/core/values/time.ts";
import { NotificationDispatcher } from "../../src/engine/notifications/dispatcher.ts";
import { NotificationDesk } from "../../src/engine/notifications/notification-desk.ts";
import { isWorthATry, MAX_AGE_MS, MAX_TRIES, pauseMs } from "../../src/engine/notifications/try-again.ts";
import { createMemoryReceivers } from "../../src/ports/receivers.fake.ts";
import type { Delivery } from "../../src/ports/receivers.ts";
import { notificationWorld, PLATFORM_TEXT, releaseEvents } from "./notification-world.ts";

const SLACK = "http://slack.staging/key";
const MAIL = "smtp://mail.staging";
const PROBLEM = {
  code: "check-failed",
  severity: "error",
  summary: "It said canary-8f1c2d and Y2FuYXJ5LThmMWMyZA==.",
  why: ["canary-8f1c2d"],
  fix: "Mend canary-8f1c2d.",
} as const;
const succeeded = { type: "release-ended", outcome: { kind: "succeeded" } } as const;
const failed = { type: "release-ended", outcome: { kind: "failed", problem: PROBLEM } } as const;

type World = ReturnType<typeof notificationWorld>;

/** Rounds until nothing waits any more, or as many as given. */
async function rounds(world: World, many = 3, stepMs = 0): Promise<void> {
  const dispatcher = new NotificationDispatcher(world.ports);
  for (let n = 0; n < many; n += 1) {
    await dispatcher.round();
    await dispatcher.settled();
    world.time.nowMs += stepMs;
  }
}

describe("notifications of a release", () => {
  it("go to each channel that listens, once, and are not sent again by a later server", async () => {
    const receivers = createMemoryReceivers();
    const world = notificationWorld({ receivers });
    await world.append("release/REL-1", releaseEvents("REL-1", succeeded));
    await rounds(world);
    await rounds(world);
    const taken = receivers.taken.map(({ to, id }) => [to, id.replace(/^[0-9a-f]{32}/, "…")]);
    expect(taken.sort()).toEqual([
      [SLACK, "REL-1/2@slack"],
      [SLACK, "REL-1/4@slack"],
      [MAIL, "….mobius@example.com"],
    ]);
    expect(world.faults).toEqual([]);
  });

  it("hold no secret of the environment, in whatever form", async () => {
    const receivers = createMemoryReceivers();
    const world = notificationWorld({ receivers });
    await world.append("release/REL-1", releaseEvents("REL-1", failed));
    await rounds(world);
    const stored = JSON.stringify(await world.ports.outbox.list({ limit: 10 }));
    const sent = receivers.taken.map(({ text }) => text).join("\n");
    expect(receivers.taken).toHaveLength(3);
    for (const text of [stored, sent]) expect(text).not.toMatch(/canary|Y2FuYXJ5|slack\.staging/);
    expect(sent).toContain("Mend ");
  });

  it("go out though another stream cannot be read, which is reported once", async () => {
    const receivers = createMemoryReceivers();
    const world = notificationWorld({ receivers });
    await world.append("build/broken", [{ type: "never-heard-of" }]);
    await world.append("release/REL-1", releaseEvents("REL-1", succeeded));
    const dispatcher = new NotificationDispatcher(world.ports);
    for (let n = 0; n < 3; n += 1) await dispatcher.round();
    await dispatcher.settled();
    expect(receivers.taken).toHaveLength(3);
    expect(world.faults).toHaveLength(1);
  });

  it("tell of a difference when it comes and when it is gone, and of none that a person lets be", async () => {
    const receivers = createMemoryReceivers();
    const world = notificationWorld({ receivers });
    const differs = { field: "job", expected: "there", observed: "canary-8f1c2d", kind: "differs" };
    const [nightly, weekly] = ["nightly", "weekly"].map((job) => ({ ...differs, subject: `job ${job}` }));
    const until = 9_000_000;
    await world.append("environment/staging", [
      { type: "drift-ignored", drift: "job weekly: job", reason: "being moved", until } as { type: string },
    ]);
    const looks = [[weekly], [weekly, nightly], [nightly], []].map((drifts) => ({ type: "drift-seen", drifts }));
    for (const look of looks) {
      await world.append("drift/staging", [look]);
      await rounds(world);
    }
    expect(receivers.taken.map(({ id }) => id)).toEqual(["drift/staging/2@slack", "drift/staging/4@slack"]);
    const [come, gone] = receivers.taken.map((message) => JSON.stringify(message));
    expect(come).toContain("staging is not what was released: 1 new difference.");
    expect(come).not.toContain("weekly");
    expect(come).not.toContain("canary-8f1c2d");
    expect(gone).toContain("staging is what was released again.");
  });

  it("wait while the platform file has problems, and go out when it is right again", async () => {
    let text = "platform: [";
    const receivers = createMemoryReceivers();
    const world = notificationWorld({ receivers, platformText: () => text });
    await world.append("release/REL-1", releaseEvents("REL-1", succeeded));
    await rounds(world);
    expect(receivers.taken).toEqual([]);
    text = PLATFORM_TEXT;
    await rounds(world);
    expect(receivers.taken).toHaveLength(3);
  });
});

describe("a channel that fails", () => {
  const broken = (delivery: Delivery, until = Number.POSITIVE_INFINITY) => {
    let asked = 0;
    const receivers = createMemoryReceivers((to) => {
      if (to !== SLACK) return { kind: "delivered" };
      asked += 1;
      return asked <= until ? delivery : { kind: "delivered" };
    });
    return { receivers, asked: () => asked };
  };

  it("is tried again with growing pauses, and holds up no other", async () => {
    const { receivers, asked } = broken({ kind: "unavailable", reason: "slack.staging answered 500" }, 3);
    const world = notificationWorld({ receivers });
    await world.append("release/REL-1", releaseEvents("REL-1", succeeded));
    await rounds(world, 1);
    expect(receivers.taken.map(({ to }) => to)).toEqual([MAIL]);
    expect(asked()).toBe(1);
    await rounds(world, 40, 500);
    expect(receivers.taken.map(({ to }) => to)).toEqual([MAIL, SLACK, SLACK]);
    expect(await world.ports.outbox.channels("waiting")).toEqual([]);
  });

  it("is given up after a bounded number of tries, is seen, and can be tried again by a person", async () => {
    const { receivers, asked } = broken({ kind: "unavailable", reason: "slack.staging answered 500" }, MAX_TRIES);
    const world = notificationWorld({ receivers });
    await world.append("release/REL-1", releaseEvents("REL-1", succeeded).slice(0, 2));
    await rounds(world, 2 * MAX_TRIES, 1_800_000);
    expect(asked()).toBe(MAX_TRIES);
    expect(isWorthATry({ createdAt: instant(0), tries: 1, at: instant(MAX_AGE_MS) })).toBe(false);
    const desk = new NotificationDesk(world.ports);
    expect(await desk.messages("failed")).toMatchObject([
      { id: "REL-1/2@slack", state: "failed", reason: "slack.staging answered 500" },
    ]);
    expect(await desk.channels()).toMatchObject({
      value: [{ channel: "slack", failed: 1, reason: "slack.staging answered 500" }, { channel: "email" }],
    });
    expect(await desk.sendAgain("REL-9/9@slack")).toMatchObject({ ok: false, error: { code: "message-unknown" } });
  });

  it("is not asked again where it said never, until a person has put it right", async () => {
    const { receivers, asked } = broken({ kind: "refused", reason: "slack.staging answered 404" }, 1);
    const world = notificationWorld({ receivers });
    await world.append("release/REL-1", releaseEvents("REL-1", succeeded).slice(0, 2));
    await rounds(world, 20, 1_800_000);
    expect(asked()).toBe(1);
    expect(await new NotificationDesk(world.ports).sendAgain(undefined)).toEqual({ ok: true, value: 1 });
    await rounds(world);
    expect(receivers.taken.map(({ id }) => id)).toEqual(["REL-1/2@slack"]);
  });

  it("with ten thousand messages that wait is asked about one at a time", async () => {
    const { receivers, asked } = broken({ kind: "unavailable", reason: "away" });
    const world = notificationWorld({ receivers });
    const message = { channel: "slack", environment: "staging", about: "x", createdAt: instant(0) };
    const messages = Array.from({ length: 10_000 }, (_, n) => ({
      ...{ ...message, id: `m-${n}`, content: { kind: "slack", body: { text: "x" } } },
    }));
    await world.ports.outbox.add({ messages });
    await rounds(world, 3);
    expect(asked()).toBe(1);
  });

  it("pauses with full jitter, half an hour at most", () => {
    expect([1, 2, 5, 12, 40, 4_000].map((tries) => pauseMs(tries, 0.999_999))).toEqual([
      999, 1_999, 15_999, 1_799_998, 1_799_998, 1_799_998,
    ]);
    expect(pauseMs(12, 0)).toBe(0);
  });
});

describe("builds", () => {
  const config = { steps: [{ name: "x" }] };
  const created = (trigger?: string): BuildEvent => ({
    type: "build-created",
    build: "b-1",
    project: "mobius-staging",
    location: "global",
    config,
    substitutions: { _TOKEN: "canary-8f1c2d" },
    expiresAt: instant(9_000_000),
    ...(trigger === undefined
      ? {}
      : { asked: { config, substitutions: {}, trigger: { id: trigger, builtIns: {}, needsApproval: false } } }),
  });
  const started: BuildEvent = { type: "build-started", deadlineAt: instant(9_000_000) };
  const ended: BuildEvent = { type: "build-ended", status: "FAILURE", detail: "", images: [] };

  it("are pushed to subscribers at each new status, in Pub/Sub's shape and without secrets", async () => {
    const receivers = createMemoryReceivers();
    const world = notificationWorld({ receivers });
    const desk = new NotificationDesk(world.ports);
    const subscribed = await desk.subscribe("staging", "https://x.example.com/push?token=abcdef123");
    expect(subscribed).toMatchObject({ ok: true, value: { receiver: "x.example.com" } });
    await world.append("build/b-1", [created(), started, ended]);
    await rounds(world);
    const bodies = receivers.taken.map(({ text }) => JSON.parse(text));
    expect(bodies.map(({ message }) => message.attributes)).toEqual(
      ["QUEUED", "WORKING", "FAILURE"].map((status) => ({ buildId: "b-1", status })),
    );
    const [first] = bodies;
    expect(Object.keys(first)).toEqual(["subscription", "message"]);
    expect(first.message).toMatchObject({ messageId: "b-1-1", message_id: "b-1-1" });
    const data = JSON.parse(Buffer.from(first.message.data, "base64").toString());
    expect(data).toMatchObject({ id: "b-1", projectId: "mobius-staging" });
    expect(JSON.stringify(data)).not.toContain("canary");
    expect(
      JSON.stringify(await world.ports.documents.list({ collection: "build-subscriptions", prefix: "", limit: 9 })),
    ).not.toContain("abcdef123");
    const id = subscribed.ok ? subscribed.value.id : "";
    expect(await desk.unsubscribe(`push/${id}`)).toEqual({ ok: true, value: undefined });
    expect([...world.secrets.keys()].filter((name) => name.includes("subscription"))).toEqual([]);
    expect(await desk.unsubscribe(id)).toMatchObject({ ok: false, error: [{ code: "subscription-unknown" }] });
  });

  it("of a trigger that came to no release are told to people; all others are not", async () => {
    for (const [trigger, hasRelease, told] of [
      ["t-1", "no", ["build/b-1/3@slack", "build/b-1/3@email"]],
      ["t-1", "yes", []],
      [undefined, "no", []],
    ] as const) {
      const world = notificationWorld();
      if (hasRelease === "yes") world.withRelease.add("b-1");
      await world.append("build/b-1", [created(trigger), started, ended]);
      await rounds(world);
      const messages = await world.ports.outbox.list({ limit: 9 });
      expect(messages.map(({ id }) => id).reverse()).toEqual(told);
    }
  });
});
