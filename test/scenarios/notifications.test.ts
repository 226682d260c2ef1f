import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HttpReceiver, type MailReceiver, startHttpReceiver, startMailReceiver } from "../support/receivers.ts";
import { Installation, type Running } from "./installation.ts";

const LONG = 120_000;
const GUIDE = resolve(import.meta.dirname, "..", "..", "docs", "guides", "notifications.md");
const PROJECT = "mobius-staging";

const PLATFORM = `platform: tools
environments:
  staging:
    project: ${PROJECT}
    region: us-central1
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
`;

describe("notifications of a real server", () => {
  let here: Installation;
  let server: Running;
  let http: HttpReceiver;
  let mail: MailReceiver;
  let behaviour: "take" | "hang" | { readonly status: number } = "take";

  const serve = async () => {
    server = here.start(["serve", "--dir", here.umbrella, "--port", String(here.port)], {
      MOBIUS_RECEIVERS: `${http.place} ${mail.place}`,
    });
    await server.waitFor(/Serving/);
  };
  /** What `mobius secret set` does, whose value comes from standard input. */
  const setSecret = async (name: string, value: string) => {
    const secrets = `/v1/projects/${PROJECT}/secrets`;
    await here.ask(`${secrets}?secretId=${name}`, { method: "POST", body: '{"replication":{"automatic":{}}}' });
    const body = JSON.stringify({ payload: { data: Buffer.from(value).toString("base64") } });
    expect((await here.ask(`${secrets}/${name}:addVersion`, { method: "POST", body })).status).toBe(200);
  };
  const submit = async (script: string) => {
    const body = JSON.stringify({ steps: [{ name: "bash", entrypoint: "bash", args: ["-c", script] }] });
    const answer = await here.ask(`/v1/projects/${PROJECT}/builds`, { method: "POST", body });
    return ((await answer.json()) as { metadata: { build: { id: string } } }).metadata.build.id;
  };
  /** Statuses of a build that reached the subscriber, each time that it did. */
  const pushed = (build: string) =>
    http.received
      .filter(({ path, body }) => path.startsWith("/push") && body.includes(build))
      .map(({ headers, body }) => [
        headers["idempotency-key"],
        (JSON.parse(body) as { message: { attributes: { status: string } } }).message.attributes.status,
      ]);

  beforeAll(async () => {
    here = await Installation.make();
    http = await startHttpReceiver(() => behaviour);
    mail = await startMailReceiver();
    // The guide's own example.
    const [, example = ""] = /```yaml\n# mobius\.yaml\n([\s\S]*?)```/.exec(await readFile(GUIDE, "utf8")) ?? [];
    await mkdir(here.umbrella);
    await writeFile(join(here.umbrella, "mobius.yaml"), PLATFORM + example);
    await serve();
  }, LONG);
  afterAll(async () => {
    server.kill("SIGINT");
    await server.ended;
    await http[Symbol.asyncDispose]();
    await mail[Symbol.asyncDispose]();
    await here[Symbol.asyncDispose]();
  });

  it("reach Slack and a mail server, as the guide says", { timeout: LONG }, async () => {
    const missing = await here.run(["notifications", "test", "slack", "--env", "staging"]);
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringContaining("mobius secret set slack-release-webhook"),
    ]);
    await setSecret("slack-release-webhook", `http://127.0.0.1:${here.port}/api/v1/releases`);
    const own = await here.run(["notifications", "test", "slack"]);
    expect([own.code, own.err]).toEqual([1, expect.stringContaining("leads into this machine")]);
    await setSecret("slack-release-webhook", `http://${http.place}/services/key`);
    await setSecret("smtp-url", `smtp://${mail.place}`);
    for (const channel of ["slack", "email"]) {
      const sent = await here.run(["notifications", "test", channel, "--env", "staging"]);
      expect([sent.code, sent.out]).toEqual([0, `The test message reached ${channel}.\n`]);
    }
    expect(mail.received).toMatchObject([{ to: ["team@example.com"], from: "releases@example.com" }]);
    expect(http.received.at(-1)?.body).toContain("Notifications of staging arrive here.");
  });

  it("tell a subscriber of each status of a build, also when the server is killed in between", {
    timeout: LONG,
  }, async () => {
    const made = await here.run(["notifications", "subscribe", `http://${http.place}/push?t=1`, "--env", "staging"]);
    expect(made.out).toContain("is told of the builds of staging");
    const first = await submit("true");
    await expect
      .poll(() => pushed(first).map(([, status]) => status), { timeout: 30_000 })
      .toEqual(["QUEUED", "WORKING", "SUCCESS"]);
    behaviour = "hang";
    const second = await submit("echo hello");
    await expect.poll(() => pushed(second).length, { timeout: 30_000 }).toBe(1);
    // It ends while its first message hangs, and takes no notice of that.
    const status = async () =>
      ((await (await here.ask(`/v1/projects/${PROJECT}/builds/${second}`)).json()) as { status: string }).status;
    await expect.poll(status, { timeout: 25_000 }).toBe("SUCCESS");
    server.kill("SIGKILL");
    await server.ended;
    behaviour = "take";
    await serve();
    await expect
      .poll(() => new Set(pushed(second).map(([, status]) => status)), { timeout: 60_000 })
      .toContain("SUCCESS");
    const all = pushed(second);
    expect(new Set(all.map(([, status]) => status))).toEqual(new Set(["QUEUED", "WORKING", "SUCCESS"]));
    // The one that hung may have been taken, so it came again, and with the same id.
    expect(new Set(all.map(([id]) => id)).size).toBe(3);
    expect(all.filter(([, each]) => each === "QUEUED").length).toBeGreaterThan(1);
  });

  it("show what became of each message", { timeout: LONG }, async () => {
    const listed = await here.run(["notifications", "list"]);
    expect(listed.out).toMatch(/delivered {2}Build [0-9a-f]{8} is SUCCESS\. {2}\(build\/\S+, tries: 1\)/);
    expect((await here.run(["notifications", "list", "--failed", "--json"])).out).toBe("[]\n");
    expect((await here.run(["notifications", "retry"])).out).toBe("No message has failed.\n");
    const channels = await here.json<{ channel: string; delivered: number; failed: number }[]>([
      ...["notifications", "channels"],
    ]);
    const [slack, email, push] = channels;
    expect([slack?.channel, email?.channel]).toEqual(["slack", "email"]);
    expect(push).toMatchObject({ delivered: 6, failed: 0 });
    const ended = await here.run(["notifications", "unsubscribe", push?.channel ?? ""]);
    expect([ended.code, ended.out]).toEqual([0, `Subscription ${push?.channel} has ended.\n`]);
  });

  it("take what Google's engine says of a build, and stop at once with a receiver that hangs", {
    timeout: LONG,
  }, async () => {
    const { url, token } = await here.json<{ url: string; token: string }>([
      ...["notifications", "token", "--env", "staging"],
    ]);
    behaviour = "hang";
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const push = async (id: string) => {
      const data = Buffer.from(JSON.stringify({ id, projectId: PROJECT, status: "FAILURE" })).toString("base64");
      return (await fetch(url, { method: "POST", headers, body: JSON.stringify({ message: { data } }) })).json();
    };
    expect(await push("g-1")).toMatchObject({ verdict: "told" });
    await expect.poll(() => http.received.at(-1)?.body, { timeout: 20_000 }).toContain("Build g-1 failed in staging.");
    server.kill("SIGINT");
    const { code } = await server.ended;
    expect(code).toBe(130);
    behaviour = "take";
    await serve();
    const sent = () => http.received.filter(({ body }) => body.includes("Build g-1 failed")).length;
    await expect.poll(sent, { timeout: 20_000 }).toBe(2);
    behaviour = { status: 404 };
    expect(await push("g-2")).toMatchObject({ verdict: "told" });
    const status = async () => (await here.run(["status"])).err;
    await expect
      .poll(status, { timeout: 20_000 })
      .toBe("1 notifications did not reach slack: mobius notifications list --failed\n");
  });
});
