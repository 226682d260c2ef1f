import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BuildNetwork } from "../../ports/build-network.ts";
import { createForwardProxy } from "./forward-proxy.ts";

/** Everything outside is allowed, and nothing of this machine. */
const network: BuildNetwork = {
  environment: "staging",
  isProtected: false,
  ports: () => [],
  onPort: () => () => {},
  allows: () => true,
};

describe("the proxy of a build that may go anywhere", () => {
  const proxy = createForwardProxy(network);
  beforeAll(() => new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening)));
  afterAll(() => void proxy.close());

  const ask = (method: "CONNECT" | "GET", path: string) => {
    const { port } = proxy.address() as AddressInfo;
    const asked = request({ host: "127.0.0.1", port, method, path });
    return new Promise<number | undefined>((answered, failed) => {
      asked.once("error", failed);
      asked.once("response", (response) => answered(response.resume().statusCode));
      asked.once("connect", (response, socket) => {
        socket.destroy();
        answered(response.statusCode);
      });
      asked.end();
    });
  };

  it.each([
    "127.0.0.1:22",
    "127.8.8.8:22",
    "localhost:22",
    "0.0.0.0:22",
    "169.254.169.254:80",
    "[::1]:22",
    "[::ffff:127.0.0.1]:22",
    "[::ffff:a9fe:a9fe]:80",
    "[fe80::1]:80",
    "[fd00:ec2::254]:80",
  ])("leads neither to this machine nor to a metadata address: %s", async (place) => {
    expect(await ask("CONNECT", place)).toBe(403);
    expect(await ask("GET", `http://${place}/`)).toBe(403);
  });

  it("is no server by itself", async () => {
    expect(await ask("GET", "/")).toBe(403);
  });
});
