import fastify from "fastify";
import { createRequestMetrics } from "../../src/adapters/google/request-metrics.ts";
import { registerMonitoringV3 } from "../../src/cloud/monitoring-v3/monitoring-v3.ts";
import { createMetrics } from "../../src/cloud/run/metrics.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { instant } from "../../src/core/values/time.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { describeRequestMetrics } from "../../src/ports/request-metrics.contract.ts";
import { createMemoryRequestMetrics } from "../../src/ports/request-metrics.fake.ts";

describeRequestMetrics("memory", async () => ({
  ...createMemoryRequestMetrics(),
  [Symbol.asyncDispose]: async () => {},
}));

// Over the wire: the official client, the router's own counters.
describeRequestMetrics("embedded cloud", async () => {
  const project = "mobius-staging";
  let now = instant(0);
  const metrics = createMetrics({ now: () => now });
  const app = fastify();
  registerMonitoringV3(app, {
    authority: createProjectAuthority(),
    callerOf: async () => ({ kind: "identity", email: `deploy@${project}`, environment: "staging", project }),
    requests: () => metrics.read().revisions,
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const endpoint = { kind: "embedded", url, token: new Secret("token"), project } as const;
  return {
    requestMetrics: createRequestMetrics({ endpoint, project, region: "l" }),
    count({ service, revision, at, ...request }) {
      now = at;
      metrics.count({ revision: `${project}/l/${service}/${revision}`, ...request });
      metrics.count({ revision: `${project}/elsewhere/${service}/${revision}-e`, ...request });
    },
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections();
      await app.close();
    },
  };
});
