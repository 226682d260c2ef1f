import { buildOf } from "../../core/release/apply-event.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import { actorId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseRequest, Requested } from "./release-request.ts";
import type { ReleaseStreams } from "./release-streams.ts";

/** How often it is looked whether an opened release has taken its build. */
const POLL_MS = 20;

export interface OpeningParts {
  readonly ports: ReleasePorts;
  readonly streams: ReleaseStreams;
  readonly request: (request: ReleaseRequest) => Promise<Result<Requested, NonEmpty<Problem>>>;
}

/**
 * The release that a build opens which was there before it, once it goes on with it; undefined where the build asks for
 * none. However often the build asks, it is one release, as the build's id is the request's. Where there is nothing to do
 * the build is ended. A later phase opens nothing: what came before it would be missing.
 */
export async function openFromBuild(
  { ports, streams, request }: OpeningParts,
  { build, phase }: { readonly build: string; readonly phase: string },
  signal: AbortSignal,
): Promise<Result<Release | "nothing-to-do" | undefined, Problem>> {
  const asked = phase === "checkout" || phase === "load" ? await ports.buildRequest(build) : undefined;
  if (asked === undefined) return ok(undefined);
  const { logUrl, ...wanted } = asked;
  const requested = await request({
    ...wanted,
    requestId: `build:${build}`,
    actor: actorId("build", build),
    build: { id: build, logUrl },
  });
  if (!requested.ok) return err(requested.error[0]);
  if (requested.value.kind === "nothing-to-do") {
    // Cloud Build knows no early success, and the steps that follow are scripts that would deploy something.
    await ports.endBuild(build, `nothing to do: ${requested.value.plan.environment} has ${asked.manifestPath}`);
    return ok("nothing-to-do");
  }
  const { id } = requested.value.release;
  // Another release of the environment may be first: the build waits with its release.
  for (;;) {
    const release = streams.get(id) ?? requested.value.release;
    if (isEnded(release) || signal.aborted || buildOf(release.stage).kind === "submitted") return ok(release);
    await ports.clock.sleep(POLL_MS, signal);
  }
}
