import { describeEventLog } from "./event-log.contract.ts";
import { createMemoryEventLog } from "./event-log.fake.ts";

describeEventLog("memory", async () => {
  const held = { lease: "build/a", holder: "server", token: 2 };
  return {
    log: createMemoryEventLog({ holds: (fence) => fence.token === held.token }),
    fences: { held, lost: { ...held, token: 1 } },
    [Symbol.asyncDispose]: async () => {},
  };
});
