import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createJsonPost } from "../../src/adapters/http/post-json.ts";
import { createMailSender } from "../../src/adapters/mail/send-mail.ts";
import { isPublicAddress } from "../../src/adapters/system/allowed-addresses.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { startHttpReceiver, startMailReceiver, startSilence } from "../support/receivers.ts";

const signal = new AbortController().signal;
let folder: string;
let key: string;
let cert: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mobius-tls-"));
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...names, ...files];
  execFileSync("openssl", made, { stdio: "ignore" });
  key = readFileSync(join(folder, "key.pem"), "utf8");
  cert = readFileSync(join(folder, "cert.pem"), "utf8");
});
afterAll(() => rmSync(folder, { recursive: true }));

const post = (url: string, options: Parameters<typeof createJsonPost>[0]) =>
  createJsonPost(options)({ url: new Secret(url), id: "REL-1/2@slack", json: { text: "hi ☂" }, signal });

describe("addresses", () => {
  it.each([
    ...["127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1"],
    ...["224.0.0.1", "255.255.255.255", "::", "::1", "fc00::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1"],
    ...["64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "not an address"],
  ])("%s leads inwards", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(["8.8.8.8", "172.32.0.1", "2606:4700::1111"])("%s is outside", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe("a POST to a receiver", () => {
  it("carries the message and its id", async () => {
    await using receiver = await startHttpReceiver();
    const delivery = await post(`http://${receiver.place}/hook?key=k`, { listed: [receiver.place] });
    expect(delivery).toEqual({ kind: "delivered" });
    expect(receiver.received).toMatchObject([
      { path: "/hook?key=k", body: '{"text":"hi ☂"}', headers: { "idempotency-key": "REL-1/2@slack" } },
    ]);
  });

  it("goes to nothing inside that is not listed, however it is spelt, and to nothing without TLS", async () => {
    await using receiver = await startHttpReceiver();
    const port = receiver.place.split(":")[1] ?? "";
    const hosts = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"];
    for (const host of hosts) {
      expect(await post(`http://${host}:${port}/`, { listed: ["127.0.0.1:1"] }), host).toMatchObject({
        kind: "refused",
        reason: expect.stringContaining("MOBIUS_RECEIVERS"),
      });
    }
    expect(await post("https://169.254.169.254/", { listed: [] })).toMatchObject({ kind: "refused" });
    expect(await post("http://93.184.215.14/", { listed: [] })).toMatchObject({
      kind: "refused",
      reason: "93.184.215.14 is to be spoken to by https",
    });
    expect(await post("file:///etc/passwd", { listed: [] })).toMatchObject({ kind: "refused" });
    expect(receiver.received).toEqual([]);
  });

  it("follows no redirect", async () => {
    await using inside = await startHttpReceiver();
    await using receiver = await startHttpReceiver(() => ({
      status: 307,
      headers: { location: `http://${inside.place}/` },
    }));
    const listed = [receiver.place, inside.place];
    expect(await post(`http://${receiver.place}/`, { listed })).toMatchObject({ kind: "refused" });
    expect(inside.received).toEqual([]);
  });

  it.each([
    [200, "delivered"],
    [204, "delivered"],
    [404, "refused"],
    [410, "refused"],
    [408, "unavailable"],
    [429, "unavailable"],
    [500, "unavailable"],
    [503, "unavailable"],
  ])("takes %i for %s", async (status, kind) => {
    await using receiver = await startHttpReceiver(() => ({ status }));
    const delivery = await post(`http://${receiver.place}/s3cret-path`, { listed: [receiver.place] });
    expect(delivery.kind).toBe(kind);
    expect(JSON.stringify(delivery)).not.toContain("s3cret-path");
  });

  it("heeds what the receiver says about when to come again, within an hour", async () => {
    for (const [header, afterMs] of [
      ["7", 7_000],
      ["999999", 3_600_000],
    ] as const) {
      await using receiver = await startHttpReceiver(() => ({ status: 429, headers: { "retry-after": header } }));
      expect(await post(`http://${receiver.place}/`, { listed: [receiver.place] })).toMatchObject({ afterMs });
    }
  });

  it("ends when nothing is said, when the line is cut, and when nobody is there", async () => {
    await using hanging = await startHttpReceiver(() => "hang");
    await using cutting = await startHttpReceiver(() => "cut");
    await using silence = await startSilence();
    for (const place of [hanging.place, cutting.place, silence.place, "127.0.0.1:1"]) {
      expect(await post(`http://${place}/`, { listed: [place], withinMs: 300 }), place).toMatchObject({
        kind: "unavailable",
      });
    }
    expect(cutting.received).toHaveLength(1);
  });

  it("ends at once when it is called off", async () => {
    await using hanging = await startHttpReceiver(() => "hang");
    const off = new AbortController();
    const request = { url: new Secret(`http://${hanging.place}/`), id: "x", json: {}, signal: off.signal };
    const posting = createJsonPost({ listed: [hanging.place] })(request);
    await expect.poll(() => hanging.received.length).toBe(1);
    off.abort();
    expect(await posting).toMatchObject({ kind: "unavailable" });
  });

  it("trusts a certificate of an authority that it knows, for that name only", async () => {
    const server = createHttpsServer({ key, cert }, (_request, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const listed = [`localhost:${port}`, `127.0.0.1:${port}`];
    expect(await post(`https://localhost:${port}/`, { listed, ca: cert })).toEqual({ kind: "delivered" });
    expect(await post(`https://127.0.0.1:${port}/`, { listed, ca: cert })).toMatchObject({ kind: "unavailable" });
    expect(await post(`https://localhost:${port}/`, { listed })).toMatchObject({ kind: "unavailable" });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("a mail to a receiver", () => {
  const send = (server: string, options: Parameters<typeof createMailSender>[0]) =>
    createMailSender(options)({
      server: new Secret(server),
      from: "Releases <releases@example.com>",
      to: ["ada@example.com", "grace@example.com"],
      subject: "[mobius] REL-1 failed in zürich.",
      text: `REL-1 failed.\n\n${"a long line ".repeat(20)}\n.\nEnd ☂\n`,
      id: "abc.mobius@example.com",
      signal,
    });

  it("arrives whole by plain SMTP, with its id", async () => {
    await using receiver = await startMailReceiver();
    expect(await send(`smtp://${receiver.place}`, { listed: [receiver.place] })).toEqual({ kind: "delivered" });
    const [mail] = receiver.received;
    expect(mail).toMatchObject({
      from: "releases@example.com",
      to: ["ada@example.com", "grace@example.com"],
      isEncrypted: false,
      headers: {
        from: "Releases <releases@example.com>",
        to: "ada@example.com, grace@example.com",
        subject: "=?UTF-8?Q?=5Bmobius=5D_REL-1_failed_in_z=C3=BCrich?= =?UTF-8?Q?=2E?=",
        "message-id": "<abc.mobius@example.com>",
      },
      text: `REL-1 failed.\n\n${"a long line ".repeat(20)}\n.\nEnd ☂\n`,
    });
  });

  it.each([
    ["STARTTLS", "offered", "smtp"],
    ["TLS", "from-the-start", "smtps"],
  ] as const)("goes by %s with a password", async (_name, tls, scheme) => {
    await using receiver = await startMailReceiver({ tls, key, cert, password: "p@ss word" });
    const place = receiver.place.replace("127.0.0.1", "localhost");
    const options = { listed: [place], ca: cert };
    expect(await send(`${scheme}://ada:p%40ss%20word@${place}`, options)).toEqual({ kind: "delivered" });
    expect(receiver.received).toMatchObject([{ isEncrypted: true, user: "ada" }]);
    const wrong = await send(`${scheme}://ada:hunter2@${place}`, options);
    expect(wrong).toMatchObject({ kind: "refused", reason: "localhost: reply 535" });
  });

  it("goes to nobody with a certificate that it does not know", async () => {
    await using receiver = await startMailReceiver({ tls: "offered", key, cert });
    const place = receiver.place.replace("127.0.0.1", "localhost");
    expect(await send(`smtp://${place}`, { listed: [place] })).toMatchObject({ kind: "unavailable" });
    expect(receiver.received).toEqual([]);
  });

  it("goes to nothing inside that is not listed", async () => {
    await using receiver = await startMailReceiver();
    const port = receiver.place.split(":")[1] ?? "";
    for (const host of ["127.0.0.1", "localhost", "127.1", "[::1]"]) {
      expect(await send(`smtp://${host}:${port}`, { listed: [] }), host).toMatchObject({ kind: "refused" });
    }
    expect(await send("https://mail.example.com", { listed: [] })).toMatchObject({ kind: "refused" });
  });

  it.each([
    [451, "unavailable"],
    [554, "refused"],
  ])("takes reply %i for %s", async (code, kind) => {
    await using receiver = await startMailReceiver({ refuse: () => code });
    expect(await send(`smtp://${receiver.place}`, { listed: [receiver.place] })).toMatchObject({ kind });
  });

  it("ends when nothing is said and when nobody is there", async () => {
    await using silence = await startSilence();
    for (const place of [silence.place, "127.0.0.1:1"]) {
      expect(await send(`smtp://${place}`, { listed: [place], withinMs: 300 })).toMatchObject({ kind: "unavailable" });
    }
  });
});
