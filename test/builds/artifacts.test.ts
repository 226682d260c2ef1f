import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createObjectStore, type ObjectStore } from "../../src/cloud/storage/object-store.ts";
import { storeArtifacts } from "../../src/main/store-artifacts.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import { createBuildWorld } from "./build-world.ts";

describe("artifacts.objects", () => {
  let folder: string;
  let objects: ObjectStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mobius-artifacts-"));
    objects = createObjectStore({
      documents: createMemoryDocuments(),
      directory: join(folder, "objects"),
      clock: systemClock,
      ids: systemIds,
    });
    await objects.createBucket("p1", "made");
    await objects.createBucket("p2", "theirs");
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function run(location: string, paths: readonly string[], prepare?: (workspace: string) => Promise<void>) {
    await using world = createBuildWorld({
      storeArtifacts: async (request) => {
        await prepare?.(request.workspace);
        return storeArtifacts(objects, request);
      },
    });
    const write = "mkdir -p out/deep; echo a > out/a.txt; echo b > out/deep/b.txt; echo c > c.bin";
    const build = await world.run({
      steps: [{ name: "ubuntu", args: ["sh", "-c", write] }],
      artifacts: { objects: { location, paths } },
    });
    if (build.stage.name !== "ended") throw new Error("the build did not end");
    return { build, stage: build.stage, log: await world.log(build) };
  }
  const content = async (name: string) => {
    const object = await objects.object("made", name);
    const path = object === undefined ? undefined : await objects.content(object);
    return path === undefined ? undefined : readFile(path, "utf8");
  };

  it("are uploaded under their own names, with a list of what they are", async () => {
    const { build, stage, log } = await run("gs://made/$PROJECT_ID", ["out/**", "*.bin"]);
    expect(stage).toMatchObject({ status: "SUCCESS", artifacts: { count: 3 } });
    expect([await content("p1/a.txt"), await content("p1/b.txt"), await content("p1/c.bin")]).toEqual([
      "a\n",
      "b\n",
      "c\n",
    ]);
    const manifest = await content(`p1/artifacts-${build.id}.json`);
    const entries = (manifest ?? "")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.map(({ location }) => location.replace(/#\d+$/, ""))).toEqual([
      "gs://made/p1/a.txt",
      "gs://made/p1/b.txt",
      "gs://made/p1/c.bin",
    ]);
    expect(entries[0].file_hash[0].file_hash[0]).toEqual({
      type: 2,
      value: createHash("md5").update("a\n").digest("base64"),
    });
    for (const line of [
      "PUSH",
      "out/**: 2 matching files uploaded",
      "3 total artifacts uploaded to gs://made/p1",
      "DONE",
    ])
      expect(log).toContain(line);
  });

  it("that are not there fail the build", async () => {
    const { build, log } = await run("gs://made", ["nothing/*.jar"]);
    expect(build.stage).toMatchObject({ status: "FAILURE" });
    expect(build.ending?.failure).toBe("PUSH_FAILED");
    expect(log).toContain("ERROR: nothing/*.jar: no files match");
  });

  it("go to no bucket of another project, and to none that is not there", async () => {
    for (const bucket of ["theirs", "nowhere"]) {
      const { log } = await run(`gs://${bucket}/x`, ["*.bin"]);
      expect(log).toContain(`ERROR: bucket gs://${bucket} is not one of project p1`);
    }
  });

  it("are no file of the host behind a link", async () => {
    await writeFile(join(folder, "key"), "secret");
    const { log, stage } = await run("gs://made", ["*.key"], async (workspace) => {
      await mkdir(dirname(workspace), { recursive: true });
      await symlink(join(folder, "key"), join(workspace, "x.key"));
    });
    expect(stage.status).toBe("FAILURE");
    expect(log).toContain("one of them is a link that leads out of the workspace");
  });
});
