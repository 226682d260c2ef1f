import Fastify from "fastify";
import { createBuilds } from "../../src/adapters/google/builds.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { registerCloudBuildV1 } from "../../src/cloud/cloud-build-v1/cloud-build-v1.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { describeBuilds } from "../../src/ports/builds.contract.ts";
import { createBuildWorld } from "./build-world.ts";

// Over the wire: the official client, a real server, real processes.
describeBuilds("embedded cloud", async () => {
  const world = createBuildWorld();
  const app = Fastify();
  let url = "";
  registerCloudBuildV1(app, {
    engine: world.engine,
    clock: systemClock,
    authority: createProjectAuthority(),
    callerOf: (request) =>
      request.headers.authorization === "Bearer good" ? { kind: "person", name: "ada" } : undefined,
    serverUrl: () => url,
  });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  const endpoint = { kind: "embedded", url, token: new Secret("good"), project: "p1" } as const;
  return {
    builds: createBuilds({ endpoint, project: "p1", location: "global" }),
    project: "p1",
    settle: async () => {},
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections();
      await app.close();
      await world[Symbol.asyncDispose]();
    },
  };
});
