import { describe, expect, it } from "vitest";
import type { BuildConfig, BuildStatus } from "../core/build/build-config.ts";
import { type NonEmpty, type Problem, renderProblem } from "../core/values/problem.ts";
import type { Builds, ObservedBuild } from "./builds.ts";

/** One Cloud Build to test. */
export interface BuildsHarness extends AsyncDisposable {
  readonly builds: Builds;
  /** The project that the builds belong to. */
  readonly project: string;
  /** Lets a build that exits at once come to its end; the fake is told the end, a real one takes it. */
  readonly settle: (build: ObservedBuild, status: BuildStatus, detail: string) => Promise<void>;
}

const OK: BuildConfig = { steps: [{ name: "ubuntu", args: ["true"] }] };
const SLOW: BuildConfig = { steps: [{ name: "ubuntu", args: ["sleep", "60"] }] };
const DEADLINE_MS = 15_000;

/** What every Cloud Build keeps to, in the words of the port. */
export function describeBuilds(label: string, start: () => Promise<BuildsHarness>): void {
  describe(`${label}: builds`, () => {
    it("runs a build to SUCCESS and shows what it was given", async () => {
      await using h = await start();
      const account = `projects/${h.project}/serviceAccounts/ci@${h.project}.iam.gserviceaccount.com`;
      const config: BuildConfig = {
        steps: [{ name: "ubuntu", args: ["echo", "$_WHO"], timeout: "30s" }],
        substitutions: { _WHO: "world" },
        tags: ["rel-1", "for-${_WHO}"],
        timeout: "60s",
        serviceAccount: account,
        options: { logging: "CLOUD_LOGGING_ONLY", substitutionOption: "MUST_MATCH" },
      };
      const submitted = await submit(h.builds, config);
      expect(["QUEUED", "WORKING", "SUCCESS"]).toContain(submitted.status);
      await h.settle(submitted, "SUCCESS", "");
      expect(await until(h.builds, submitted.id, isOver)).toMatchObject({
        id: submitted.id,
        status: "SUCCESS",
        tags: ["rel-1", "for-world"],
        statusDetail: "",
        substitutions: { _WHO: "world" },
        serviceAccount: account,
      });
      expect(submitted.logUrl).toContain(`/builds/${submitted.id}`);
    });

    it("says in Cloud Build's words why a build failed", async () => {
      await using h = await start();
      const build = await submit(h.builds, { steps: [{ name: "ubuntu", args: ["sh", "-c", "exit 3"] }] });
      const detail = 'Build step failure: build step 0 "ubuntu" failed: step exited with non-zero status: 3';
      await h.settle(build, "FAILURE", detail);
      expect(await until(h.builds, build.id, isOver)).toMatchObject({ status: "FAILURE", statusDetail: detail });
    });

    it("refuses an unescaped shell variable as a problem", async () => {
      await using h = await start();
      const refused = await h.builds.submit({ steps: [{ name: "ubuntu", args: ["echo", "$MANIFEST_PATH"] }] });
      const problems: readonly Problem[] = refused.ok ? [] : ([refused.error] satisfies NonEmpty<Problem>);
      expect(problems.map(renderProblem).join()).toContain(
        'key in the template "MANIFEST_PATH" is not a valid built-in substitution',
      );
    });

    it("finds the newest build of a tag", async () => {
      await using h = await start();
      await submit(h.builds, { ...OK, tags: ["rel-7"] });
      const second = await submit(h.builds, { ...OK, tags: ["other", "rel-7"] });
      await submit(h.builds, { ...OK, tags: ["rel-8"] });
      expect((await h.builds.findByTag("rel-7"))?.id).toBe(second.id);
      expect(await h.builds.findByTag("rel-9")).toBeUndefined();
    });

    it("cancels a build, once or twice", async () => {
      await using h = await start();
      const build = await submit(h.builds, SLOW);
      await h.builds.cancel(build.id);
      expect((await until(h.builds, build.id, isOver)).status).toBe("CANCELLED");
      await h.builds.cancel(build.id);
      expect((await h.builds.get(build.id))?.status).toBe("CANCELLED");
    });

    it("knows nothing of a build that never was", async () => {
      await using h = await start();
      const unknown = "00000000-0000-4000-8000-00000000ffff";
      expect(await h.builds.get(unknown)).toBeUndefined();
      await h.builds.cancel(unknown);
    });
  });
}

function isOver(build: ObservedBuild): boolean {
  return !["PENDING", "QUEUED", "WORKING"].includes(build.status);
}

async function submit(builds: Builds, config: BuildConfig): Promise<ObservedBuild> {
  const submitted = await builds.submit(config);
  if (!submitted.ok) throw new Error(renderProblem(submitted.error));
  return submitted.value;
}

async function until(builds: Builds, id: string, holds: (build: ObservedBuild) => boolean): Promise<ObservedBuild> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const build = await builds.get(id);
    if (build !== undefined && holds(build)) return build;
    if (Date.now() > deadline) throw new Error(`build ${id} is still ${build?.status}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
