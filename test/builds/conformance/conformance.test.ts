import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { actorId } from "../../../src/core/values/ids.ts";
import { type BuildWorld, createBuildWorld } from "../build-world.ts";
import { EXECUTORS, type ExecutorParts, HOST_IS_ENCLOSED, missing, startExecutor } from "../executors.ts";
import { CASES } from "./cases.ts";

describe.each(EXECUTORS)("a build on the %s executor", (name) => {
  const isMissing = missing(name) !== undefined;
  let parts: ExecutorParts;
  let world: BuildWorld;

  beforeAll(async () => {
    if (isMissing) return;
    parts = await startExecutor(name);
    const directory = mkdtempSync(join(tmpdir(), "mobius-builds-"));
    const { resolveImage, localImages } = parts;
    const executor = await parts.make(directory);
    world = createBuildWorld(
      { executor, resolveImage, ...(localImages === undefined ? {} : { localImages }) },
      directory,
    );
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await parts?.[Symbol.asyncDispose]();
  });

  const needsPaths = (fields: readonly string[]) =>
    fields.some((field) => field.endsWith("volumes") || field.startsWith("/") || field === "BUILDER_OUTPUT");
  const here = CASES.filter(
    (each) => each.not?.[name] === undefined && (name !== "host" || HOST_IS_ENCLOSED || !needsPaths(each.fields)),
  );
  it.skipIf(isMissing).each(here)(
    "$name",
    { timeout: 90_000 },
    async ({ config, substitutions, status, log = [], absent = [], output }) => {
      const submission = { project: "p1", location: "global", config, actor: actorId("person", "ada") };
      const submitted = await world.engine.submit({ ...submission, ...(substitutions && { substitutions }) });
      if (!submitted.ok) throw new Error(submitted.error.message);
      const build = await world.engine.ended(submitted.value.id, AbortSignal.timeout(60_000));
      if (build?.stage.name !== "ended") throw new Error(`the build did not end: ${world.faults}`);
      const text = await world.log(build);
      expect(build.stage.status, text).toBe(status);
      let at = 0;
      for (const each of log) {
        const found = text.indexOf(each, at);
        expect(found, `${JSON.stringify(each)} is not where it should be in\n${text}`).toBeGreaterThanOrEqual(0);
        at = found;
      }
      for (const each of absent) expect(text).not.toContain(each);
      if (output !== undefined) {
        const [step] = build.steps.flatMap((state) => (state.name === "ended" ? [state] : []));
        expect(Buffer.from(step?.output ?? "", "base64").toString()).toBe(output);
      }
    },
  );
});
