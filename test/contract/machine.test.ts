import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectMachine } from "../../src/main/inspect-machine.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";

describe("a look at this machine", () => {
  let here: Repositories;
  beforeAll(async () => {
    here = await makeRepositories();
    await here.make("chat");
    await here.commit("chat", { a: "1" });
    await here.push("chat");
  });
  afterAll(() => here[Symbol.asyncDispose]());
  const machine = () =>
    inspectMachine({ directory: here.umbrella, server: "http://127.0.0.1:7070", isServerGiven: true });

  it("tells versions of programs, and of none that there is not", async () => {
    expect(await machine().version("git")).toMatch(/^git version \d/);
    expect(await machine().version("node")).toBe(process.version);
    expect(await machine().version("no-such-program")).toBeUndefined();
  });

  it("asks remotes as a release would, and says why one does not answer", async () => {
    expect(await machine().askRemote("../chat.git")).toEqual({ kind: "answers" });
    expect(await machine().askRemote("../none.git")).toMatchObject({
      kind: "silent",
      reason: expect.stringMatching(/none\.git/),
    });
  });

  it("sees space, the state directory and who holds a port", async () => {
    expect(await machine().freeBytes()).toBeGreaterThan(0);
    expect((await machine().stateDirectory()).path).toMatch(/^\//);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await machine().portHolder(port)).toMatchObject({
      kind: "held",
      by: expect.stringContaining(String(process.pid)),
    });
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    expect(await machine().portHolder(port)).toEqual({ kind: "free" });
    expect(machine().settings[0]).toEqual({ name: "server", value: "http://127.0.0.1:7070", from: "--server" });
  });
});
