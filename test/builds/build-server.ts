// A server with nothing but the build engine, for tests that kill it. Arguments: its folder, and a build file to submit.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actorId } from "../../src/core/values/ids.ts";
import { createBuildEngine } from "../../src/engine/builds/build-engine.ts";
import { buildDependencies } from "./build-world.ts";
import { openFileEventLog } from "./file-event-log.ts";

const [directory = "", file] = process.argv.slice(2);
const engine = createBuildEngine(
  buildDependencies(directory, { eventLog: await openFileEventLog(join(directory, "events.jsonl")) }),
);
await engine.recover();
if (file !== undefined && !existsSync(join(directory, "submitted"))) {
  const config = JSON.parse(readFileSync(file, "utf8"));
  const submitted = await engine.submit({ project: "p1", location: "global", config, actor: actorId("person", "ada") });
  if (!submitted.ok) throw new Error(submitted.error.message);
  writeFileSync(join(directory, "submitted"), submitted.value.id);
}
setInterval(() => {}, 1_000);
