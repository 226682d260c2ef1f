/** Builds that are cut short in what takes long beside their steps: waiting, the source, the images. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildStatus, stepStatus } from "../../src/core/build/state.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { err, ok } from "../../src/core/values/result.ts";
import type { BuildDependencies } from "../../src/engine/builds/build-dependencies.ts";
import type { BuildSubmission } from "../../src/engine/builds/build-engine.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import type { LocalImages } from "../../src/ports/local-images.ts";
import { type BuildWorld, createBuildWorld } from "./build-world.ts";
import { until } from "./server-process.ts";

const ada = actorId("person", "ada");
const IMAGE = "gcr.io/p1/built:1";
const STEPS = [{ name: "ubuntu", args: ["true"] }];

async function submit(world: BuildWorld, more: Partial<BuildSubmission> = {}): Promise<string> {
  const submission = { project: "p1", location: "global", config: { steps: STEPS }, actor: ada, ...more };
  const submitted = await world.engine.submit(submission);
  if (!submitted.ok) throw new Error(submitted.error.message);
  return submitted.value.id;
}

const ended = (world: BuildWorld, id: string) => world.engine.ended(id, AbortSignal.timeout(10_000));

/** The engine's images where every push waits until it is told to end; `begun` counts them. */
function slowImages(): LocalImages & { begun: number } {
  return {
    begun: 0,
    has: async () => true,
    async push(_, { signal }) {
      this.begun += 1;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return err("cut short");
    },
  };
}

describe("a build is cut short", () => {
  it("while its source comes", async () => {
    let isFetching = false;
    const sourceFor: BuildDependencies["sourceFor"] = () => {
      isFetching = true;
      return new Promise(() => {});
    };
    await using world = createBuildWorld({ sourceFor });
    const source = { gitSource: { url: "https://example.com/x.git" } };
    const id = await submit(world, { config: { steps: STEPS, source } });
    await until("the source is fetched", () => isFetching || undefined);
    expect(await world.engine.cancel(id, ada)).toBe("requested");
    const build = await ended(world, id);
    expect(build?.stage).toMatchObject({ status: "CANCELLED", detail: "cancelled by person:ada" });
    expect(build?.steps.map(stepStatus)).toEqual(["QUEUED"]);
  });

  it("while its images are pushed", async () => {
    const localImages = slowImages();
    await using world = createBuildWorld({ localImages });
    const id = await submit(world, { config: { steps: STEPS, images: [IMAGE] } });
    await until("an image is pushed", () => localImages.begun > 0 || undefined);
    expect(await world.engine.cancel(id, ada)).toBe("requested");
    const build = await ended(world, id);
    expect(build?.stage).toMatchObject({ status: "CANCELLED", detail: "cancelled by person:ada" });
    expect(build?.steps.map(stepStatus)).toEqual(["SUCCESS"]);
  });

  it("by its own time limit while its images are pushed", async () => {
    await using world = createBuildWorld({ localImages: slowImages() });
    const build = await world.run({ steps: STEPS, images: [IMAGE], timeout: "1s" });
    expect(build.stage).toMatchObject({ status: "TIMEOUT" });
    expect(build.steps.map(stepStatus)).toEqual(["SUCCESS"]);
  });
});

describe("a server that is gone in the middle", () => {
  it("leaves a push to the next one, which does it again and says so once", async () => {
    const directory = mkdtempSync(join(tmpdir(), "mobius-builds-"));
    const eventLog = createMemoryEventLog();
    const localImages = slowImages();
    const first = createBuildWorld({ eventLog, localImages }, directory);
    const id = await submit(first, { config: { steps: STEPS, images: [IMAGE] } });
    await until("an image is pushed", () => localImages.begun > 0 || undefined);
    await first.engine.close();

    await using second = createBuildWorld(
      { eventLog, localImages: { has: async () => true, push: async () => ok("sha256:abc") } },
      directory,
    );
    expect(await second.engine.recover()).toBe(1);
    const build = await ended(second, id);
    expect(build?.stage).toMatchObject({ status: "SUCCESS", images: [{ name: IMAGE, digest: "sha256:abc" }] });
    expect(build?.steps[0]).toMatchObject({ name: "ended", try: 1 });
    const log = build === undefined ? "" : await second.log(build);
    expect(log.match(/^PUSH$/gm)).toHaveLength(1);
  });

  it("leaves a build that waits for an approval waiting, for whoever decides after", async () => {
    const eventLog = createMemoryEventLog();
    const trigger = { id: "t-1", builtIns: {}, needsApproval: true };
    const first = createBuildWorld({ eventLog });
    const id = await submit(first, { trigger });
    await first[Symbol.asyncDispose]();

    await using second = createBuildWorld({ eventLog });
    expect(await second.engine.recover()).toBe(1);
    const waiting = await second.engine.get(id);
    expect(waiting && buildStatus(waiting)).toBe("PENDING");
    expect(await second.engine.approve({ id, decision: "APPROVED", by: ada })).toBe("decided");
    expect(await ended(second, id)).toMatchObject({ stage: { status: "SUCCESS" } });
  });
});

it("a build that is submitted many times at once, by the identifier that its caller chose, is one", async () => {
  await using world = createBuildWorld();
  const id = "5f0c1a52-94f5-4f0b-8a5c-0d9d6f1f2a11";
  const ids = await Promise.all(Array.from({ length: 20 }, () => submit(world, { id })));
  expect(new Set(ids)).toEqual(new Set([id]));
  expect(await world.engine.list({ limit: 10 })).toHaveLength(1);
  expect((await ended(world, id))?.steps[0]).toMatchObject({ name: "ended", try: 1 });
  expect(await submit(world, { id })).toBe(id);
});
