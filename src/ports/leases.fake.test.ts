import { instant } from "../core/values/time.ts";
import { describeLeases } from "./leases.contract.ts";
import { createMemoryLeases, createMemoryTimers } from "./leases.fake.ts";

describeLeases("memory", async () => {
  let nowMs = 0;
  const clock = { now: () => instant(nowMs), monotonicMs: () => nowMs, sleep: async () => {} };
  return {
    leases: createMemoryLeases(clock),
    timers: createMemoryTimers(),
    expire: async () => {
      nowMs += 60_001;
    },
    [Symbol.asyncDispose]: async () => {},
  };
});
