import type { CommandContext } from "../cli/command-context.ts";
import { report } from "../cli/report.ts";
import { startServer } from "./compose-server.ts";
import type { ServerRequest } from "./foundation.ts";

/** `mobius serve`: the server for an umbrella, until it is told to stop. */
export async function serve(context: CommandContext, settings: Omit<ServerRequest, "directory">): Promise<number> {
  const started = await startServer({ ...settings, directory: context.directory });
  if (!started.ok) return report(context, [started.error]);
  const { url, makeLink, stop } = started.value;
  context.err(`Serving ${context.directory} at ${url}`);
  context.err(`Board (opens once): ${url}/?login=${makeLink()}`);
  if (!context.signal.aborted) {
    await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve(), { once: true }));
  }
  await stop();
  return 0;
}
