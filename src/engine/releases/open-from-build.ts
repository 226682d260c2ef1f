import { buildOf } from "../../core/release/apply-event.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import { actorId, type CommitId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseRequest, Requested } from "./release-request.ts";
import type { ReleaseStreams } from "./release-streams.ts";

/** How often it is looked whether an opened release has taken its build. */
const POLL_MS = 20;

/**
 * Builds that were there before a release: a trigger started them, and their first phase opens the release. Equal requests
 * of one build make one release, as the build's id is the request's.
 */
export class BuildOpenings {
  readonly #ports: ReleasePorts;
  readonly #streams: ReleaseStreams;
  readonly #request: (request: ReleaseRequest) => Promise<Result<Requested, NonEmpty<Problem>>>;

  constructor(
    ports: ReleasePorts,
    streams: ReleaseStreams,
    request: (request: ReleaseRequest) => Promise<Result<Requested, NonEmpty<Problem>>>,
  ) {
    this.#ports = ports;
    this.#streams = streams;
    this.#request = request;
  }

  /**
   * The release that the build opens, once it goes on with it; undefined where the build asks for none. Where there is
   * nothing to do the build is ended. A later phase of a build opens nothing: what came before it would be missing.
   */
  async open(
    build: string,
    phase: string,
    signal: AbortSignal,
  ): Promise<Result<Release | "nothing-to-do" | undefined, Problem>> {
    const asked = phase === "checkout" || phase === "load" ? await this.#ports.buildRequest(build) : undefined;
    if (asked === undefined) return ok(undefined);
    const { manifestPath, gitRef, project, trigger, logUrl } = asked;
    const requested = await this.#request({
      manifestPath,
      project,
      ...(gitRef === undefined ? {} : { umbrellaCommit: gitRef as CommitId }), // resolved where the plan is made
      requestId: `build:${build}`,
      trigger,
      actor: actorId("build", build),
      build: { id: build, logUrl },
    });
    if (!requested.ok) return err(requested.error[0]);
    if (requested.value.kind === "nothing-to-do") {
      // Cloud Build knows no early success, and the steps that follow are scripts that would deploy something.
      await this.#ports.endBuild(build, `nothing to do: ${requested.value.plan.environment} has ${manifestPath}`);
      return ok("nothing-to-do");
    }
    return ok(await this.#taken(requested.value.release, signal));
  }

  /** Another release of the environment may be first: the build waits with its release. */
  async #taken(release: Release, signal: AbortSignal): Promise<Release> {
    for (;;) {
      const now = this.#streams.get(release.id) ?? release;
      if (isEnded(now) || signal.aborted || buildOf(now.stage).kind === "submitted") return now;
      await this.#ports.clock.sleep(POLL_MS, signal);
    }
  }
}
