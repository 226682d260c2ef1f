import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext, DemoParts, ExecutorKind, StartedServer } from "../command-context.ts";
import { followRelease } from "../follow-release.ts";
import { report } from "../report.ts";
import { DEFAULT_SERVER } from "../server-client.ts";
import { release } from "./release.ts";

export interface DemoOptions {
  readonly port: number;
  readonly executor: ExecutorKind;
  /** End after the release instead of serving on. */
  readonly until: "released" | "interrupted";
}

/**
 * The main job on this machine: makes the sample platform, serves, releases it to staging with live progress, shows the
 * addresses, and serves until Ctrl-C.
 */
export async function demo(context: CommandContext, parts: DemoParts, options: DemoOptions): Promise<number> {
  const made = await parts.createSample(context.directory);
  if (!made.ok) return report(context, [made.error]);
  const sample = made.value;
  context.err(`${sample.created ? "Made" : "Found"} the sample platform in ${context.directory}`);
  const started = await parts.startServer({
    directory: context.directory,
    port: options.port,
    executor: options.executor,
  });
  if ("code" in started) return report(context, [started]);
  try {
    context.err(`Serving at ${started.url}`);
    const onServer: CommandContext = { ...context, server: started.client };
    await finishEarlier(onServer);
    const exit = await release(onServer, { manifest: sample.manifest, drop: [] });
    if (options.until === "released" || context.signal.aborted) return exit === EXIT.detached ? 130 : exit;
    await showAddresses(onServer, started);
    await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve(), { once: true }));
    return EXIT.success;
  } finally {
    await started.stop();
  }
}

/** A release that a killed demo left goes on with the server; a plan made beside it would be out of date at once. */
async function finishEarlier(context: CommandContext): Promise<void> {
  const releases = await context.server.list();
  if (!releases.ok) return;
  for (const { id } of releases.value.filter((release) => !release.isFinished).reverse()) {
    context.err(`${id} goes on from where it was`);
    await followRelease(context, id);
  }
}

async function showAddresses(context: CommandContext, started: StartedServer): Promise<void> {
  const environment = await context.server.environment("staging");
  if (environment.ok) {
    context.out("");
    for (const { service, url } of environment.value.services) context.out(`  ${service.padEnd(30)} ${url}`);
  }
  context.out("");
  context.out(`  Board (opens once): ${started.boardLink}`);
  if (started.url !== DEFAULT_SERVER)
    context.out(`  For commands in another terminal: export MOBIUS_SERVER=${started.url}`);
  context.out("  Stop with Ctrl-C. Try in another terminal, in the same folder: mobius status, mobius plan <manifest>");
}
