import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createMetrics } from "./metrics.ts";
import { createInstanceAgent, createRouter } from "./router.ts";

const clock = {
  now: () => instant(Date.now()),
  monotonicMs: () => performance.now(),
  sleep: (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs)),
};

/** A router in front of one instance that answers by the listener; undefined: nothing serves. */
async function startRouter(listener: RequestListener | undefined) {
  const instance = createServer(listener);
  instance.keepAliveTimeout = 60_000;
  const port = await listening(instance);
  const metrics = createMetrics(clock);
  const agent = createInstanceAgent();
  const chosen = { port: async () => port, revision: "r", leave: () => {} };
  const router = createRouter({ choose: () => (listener === undefined ? undefined : chosen), metrics, clock, agent });
  const url = `http://127.0.0.1:${await listening(router)}`;
  return {
    url,
    instance,
    metrics,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      for (const server of [router, instance]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

it("drops an idle connection before servers with a short keep-alive do", async () => {
  await using world = await startRouter((_, response) => response.end("ok"));
  const connected = once(world.instance, "connection");
  await (await fetch(world.url, { method: "POST", body: "x" })).text();
  const [socket] = (await connected) as [Socket];
  const before = performance.now();
  await once(socket, "close");
  expect(performance.now() - before).toBeLessThan(2_000);
});

it("lets a request take longer than a connection may be idle, between its bytes too", async () => {
  await using world = await startRouter(async (_, response) => {
    await clock.sleep(1_700);
    response.write("a");
    await clock.sleep(1_700);
    response.end("b");
  });
  expect(await (await fetch(world.url)).text()).toBe("ab");
  expect(world.metrics.read().revisions).toMatchObject([{ revision: "r", total: { "2xx": { count: 1 } } }]);
});

it("says so where nothing serves", async () => {
  await using world = await startRouter(undefined);
  const answer = await fetch(world.url);
  expect([answer.status, await answer.text()]).toEqual([503, "No revision of this service serves traffic yet.\n"]);
});
