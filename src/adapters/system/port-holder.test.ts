import { createServer } from "node:net";
import { expect, it } from "vitest";
import { portHolder } from "./port-holder.ts";

it.skipIf(process.platform !== "linux")(
  "names the process that listens on a port, and nobody where nothing does",
  async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await portHolder(port)).toMatch(new RegExp(`^process ${process.pid} \\(.*node`));
    await new Promise((closed) => server.close(closed));
    expect(await portHolder(port)).toBeUndefined();
  },
);
