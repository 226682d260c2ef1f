import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import type { EventLog } from "../../src/ports/event-log.ts";

/** An event log in a file, one append a line: enough to outlive a process that is killed. */
export async function openFileEventLog(path: string): Promise<EventLog> {
  const memory = createMemoryEventLog();
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  for (const line of lines) await memory.append(JSON.parse(line));
  return {
    ...memory,
    async append(request) {
      const stored = await memory.append(request);
      if (stored.ok) appendFileSync(path, `${JSON.stringify(request)}\n`);
      return stored as never;
    },
  };
}
