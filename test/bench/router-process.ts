/** A router on a port of its own, before the instance at the port given: what the embedded Cloud Run puts before each service. */
import type { AddressInfo } from "node:net";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { createMetrics } from "../../src/cloud/run/metrics.ts";
import { createInstanceAgent, createRouter } from "../../src/cloud/run/router.ts";

const port = Number(process.argv[2]);
const router = createRouter({
  choose: () => ({ port: async () => port, revision: "p/l/api/api-one", leave: () => {} }),
  metrics: createMetrics(clock),
  clock,
  agent: createInstanceAgent(),
});
router.listen(0, "127.0.0.1", () => console.log((router.address() as AddressInfo).port));
