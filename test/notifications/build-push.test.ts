import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIdentities } from "../../src/adapters/identity/identities.ts";
import { createPushTokens } from "../../src/adapters/identity/push-tokens.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { registerBuildPush } from "../../src/cloud/pubsub/build-push.ts";
import { BuildIntake } from "../../src/engine/notifications/accept-build.ts";
import { NotificationDispatcher } from "../../src/engine/notifications/dispatcher.ts";
import type { PushTokens } from "../../src/ports/push-tokens.ts";
import { createMemoryReceivers, type FakeReceivers } from "../../src/ports/receivers.fake.ts";
import { notificationWorld } from "./notification-world.ts";

const signingKey = new Uint8Array(32).fill(7);
const AUDIENCE = "https://releases.example.com";
const EMAIL = "push@mobius-staging.iam.gserviceaccount.com";

let app: FastifyInstance;
let base: string;
let world: ReturnType<typeof notificationWorld>;
let receivers: FakeReceivers;
let tokens: PushTokens;
let googleToken: (claims: Record<string, unknown>, seconds?: number) => Promise<string>;

beforeEach(async () => {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  googleToken = (claims, seconds = 3_600) =>
    new SignJWT({ iss: "https://accounts.google.com", aud: AUDIENCE, email: EMAIL, email_verified: true, ...claims })
      .setProtectedHeader({ alg: "RS256" })
      .setIssuedAt()
      .setExpirationTime(Math.floor(systemClock.now() / 1_000) + seconds)
      .sign(privateKey);
  expect(await exportJWK(publicKey)).toMatchObject({ kty: "RSA" });
  receivers = createMemoryReceivers();
  world = notificationWorld({ receivers });
  const google = { audience: AUDIENCE, email: EMAIL, keys: async () => publicKey };
  tokens = createPushTokens({ signingKey, clock: systemClock, google });
  app = Fastify();
  registerBuildPush(app, { tokens, intake: new BuildIntake(world.ports) });
  await app.listen({ host: "127.0.0.1", port: 0 });
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/api/v1/pubsub/builds`;
});
afterEach(() => app.close());

/** A message as Google's own emulator pushes it (recorded), about a build in a status. */
function message(status: string, id = "b-1", over: Record<string, unknown> = {}) {
  const data = {
    id,
    projectId: "mobius-staging",
    status,
    buildTriggerId: "t-1",
    logUrl: "https://console/b-1",
    ...over,
  };
  return {
    subscription: "projects/p1/subscriptions/push1",
    message: {
      publishTime: "2026-01-02T19:39:27.011Z",
      data: Buffer.from(JSON.stringify(data)).toString("base64"),
      publish_time: "2026-01-02T19:39:27.011Z",
      messageId: "1",
      attributes: { buildId: id, status },
      message_id: "1",
    },
  };
}

async function push(token: string | undefined, body: unknown): Promise<{ status: number; verdict?: string }> {
  const response = await fetch(base, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const { verdict } = (await response.json()) as { verdict?: string };
  return { status: response.status, ...(verdict === undefined ? {} : { verdict }) };
}

/** Ids of what reached Slack. */
async function told(): Promise<readonly string[]> {
  const dispatcher = new NotificationDispatcher(world.ports);
  await dispatcher.round();
  await dispatcher.settled();
  return receivers.taken.map(({ id }) => id).filter((id) => id.endsWith("@slack"));
}

describe("a pushed message about a build", () => {
  it("is told to people as a build of our own is", async () => {
    const token = await tokens.issue("mobius-staging", 60_000);
    expect(await push(token, message("FAILURE"))).toEqual({ status: 200, verdict: "told" });
    expect(await told()).toEqual(["pushed/mobius-staging/b-1/FAILURE@slack"]);
    const [slack] = receivers.taken.filter(({ to }) => to.includes("slack"));
    expect(slack?.text).toContain("Build b-1 failed in staging.");
    expect(slack?.text).toContain("https://console/b-1");
  });

  it("says nothing new when it comes again, or late", async () => {
    const token = await tokens.issue("mobius-staging", 60_000);
    const verdicts = [];
    for (const status of ["QUEUED", "WORKING", "WORKING", "SUCCESS", "WORKING", "SUCCESS", "FAILURE"]) {
      verdicts.push((await push(token, message(status))).verdict);
    }
    expect(verdicts).toEqual(["ignored", "told", "ignored", "told", "ignored", "ignored", "ignored"]);
    expect(await told()).toEqual([
      "pushed/mobius-staging/b-1/WORKING@slack",
      "pushed/mobius-staging/b-1/SUCCESS@slack",
    ]);
  });

  it("is told once when it comes many times at once", async () => {
    const token = await tokens.issue("mobius-staging", 60_000);
    const answers = await Promise.all(Array.from({ length: 8 }, () => push(token, message("SUCCESS"))));
    expect(answers.filter(({ verdict }) => verdict === "told")).toHaveLength(1);
    expect(await told()).toHaveLength(1);
  });

  it("is taken from Google's Pub/Sub as the account and audience that the operator named", async () => {
    expect(await push(await googleToken({}), message("SUCCESS"))).toMatchObject({ status: 200, verdict: "told" });
  });

  it("is refused with any other token, and nobody is told", async () => {
    const identities = createIdentities({
      ...{ signingKey, personToken: async () => "person", personName: "ada", clock: systemClock },
    });
    const deploy = { kind: "identity", email: "d@x", environment: "staging", project: "mobius-staging" } as const;
    const claims = { project: "mobius-staging", iss: "mobius", aud: "mobius-builds", exp: 99_999_999_999 };
    const wrong = [
      undefined,
      "wrong",
      "person",
      await identities.issue(deploy, 60_000),
      await googleToken({ aud: "https://else.example.com" }),
      await googleToken({ aud: [] }),
      await googleToken({ iss: "https://else.example.com" }),
      await googleToken({ email: "else@mobius-staging.iam.gserviceaccount.com" }),
      await googleToken({ email_verified: false }),
      await googleToken({}, -120),
      new UnsecuredJWT(claims).encode(),
      await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new Uint8Array(32).fill(8)),
    ];
    for (const [index, token] of wrong.entries()) {
      expect(await push(token, message("FAILURE")), `token ${index}`).toEqual({ status: 401 });
    }
    const production = await tokens.issue("mobius-prod", 60_000);
    expect(await push(production, message("FAILURE"))).toEqual({ status: 403 });
    expect(await told()).toEqual([]);
  });

  it("opens nothing else: a token for messages is no caller of the server", async () => {
    const identities = createIdentities({
      ...{ signingKey, personToken: async () => "person", personName: "ada", clock: systemClock },
    });
    expect(await identities.verify(await tokens.issue("mobius-staging", 60_000))).toBeUndefined();
  });

  it("is refused where it is none, and acknowledged where it concerns nobody here", async () => {
    const token = await googleToken({});
    for (const body of [{}, [], { message: { data: "bm9uZQ==" } }, message("FAILURE", "../../x")]) {
      expect(await push(token, body)).toEqual({ status: 400 });
    }
    expect(await push(token, message("FAILURE", "b-1", { projectId: "else" }))).toEqual({
      status: 200,
      verdict: "ignored",
    });
    expect(await push(token, message("SOMETHING_NEW"))).toEqual({ status: 200, verdict: "ignored" });
    await world.append("build/b-9", [{ type: "build-created" }]);
    expect(await push(token, message("FAILURE", "b-9"))).toEqual({ status: 200, verdict: "ignored" });
    expect(await push(token, message("FAILURE", "b-2", { logUrl: "javascript:alert(1)" }))).toMatchObject({
      status: 200,
    });
    const sent = (await told()).length;
    expect(sent).toBe(1);
    expect(receivers.taken.map(({ text }) => text).join()).not.toContain("javascript:");
  });

  it("has the shape that Google's own emulator sends", () => {
    const recorded = JSON.parse(
      readFileSync(join(import.meta.dirname, "..", "fixtures", "build", "pubsub-push.json"), "utf8"),
    ) as { body: Record<string, object> };
    const shape = (body: Record<string, object>) => [Object.keys(body).sort(), Object.keys(body.message ?? {}).sort()];
    expect(shape(message("SUCCESS") as unknown as Record<string, object>)).toEqual(shape(recorded.body));
  });
});
