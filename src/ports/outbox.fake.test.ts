import { createMemoryEventLog } from "./event-log.fake.ts";
import { describeOutbox } from "./outbox.contract.ts";
import { createMemoryOutbox } from "./outbox.fake.ts";

describeOutbox("memory", async () => {
  const log = createMemoryEventLog();
  return { outbox: createMemoryOutbox(log), log, [Symbol.asyncDispose]: async () => {} };
});
