import { join } from "node:path";
import { createScriptRecorder } from "../adapters/scripts/script-recorder.ts";
import type { ScriptRecorder } from "../ports/script-recorder.ts";
import type { Source } from "../ports/source.ts";

/** Records a script on this machine, with the programs that it has. */
export function recordScript(source: Source, request: Parameters<ScriptRecorder>[0]): ReturnType<ScriptRecorder> {
  const recorder = createScriptRecorder({
    source,
    node: process.execPath,
    standIn: join(import.meta.dirname, "record-call.ts"),
    searchPath: process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
  });
  return recorder(request);
}
