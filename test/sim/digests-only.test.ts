/** What is gathered for an environment that takes digests only: nothing that only a build would need. */
import { describe, expect, it } from "vitest";
import type { Manifest } from "../../src/core/manifest/manifest.ts";
import { parseManifest } from "../../src/core/manifest/parse-manifest.ts";
import { planRelease } from "../../src/core/plan/plan-release.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import { renderProblem } from "../../src/core/values/problem.ts";
import { gatherPlanInput } from "../../src/engine/releases/gather-plan-input.ts";
import { createMemoryImages } from "../../src/ports/images.fake.ts";
import { commitOf, environmentOf, samplePlatform } from "../support/promotion-values.ts";
import { SimWorld } from "./sim-world.ts";

const platform = samplePlatform();
const KEY = `sha256:${"a".repeat(64)}`;

async function gather(environmentName: string, { modules, pinned }: { modules: string[]; pinned: string[] }) {
  const environment = environmentOf(platform, environmentName);
  const files = Object.fromEntries(
    Object.values(platform.modules).map(({ source }) => [source.kind === "repository" ? source.url : "umbrella", {}]),
  );
  const world = new SimWorld({ umbrella: {}, ...files });
  const ports = world.ports();
  const images = createMemoryImages();
  const lines = [];
  for (const name of pinned) {
    const repository = `${environment.registry}/${name}`;
    const labels = { "org.mobius.build-key": KEY };
    const digest = await images.build({ root: "/", files: [name], command: ["x"], labels, repository, tags: ["t"] });
    lines.push(`  ${name}: ${repository}@${digest}`);
  }
  const text = [
    `release_id: x-${environmentName}`,
    "commits:",
    ...modules.map((module) => `  ${module}: ${commitOf(module)}`),
    lines.length === 0 ? "images: {}" : `images:\n${lines.join("\n")}`,
  ].join("\n");
  const parsed = parseManifest({ text, file: "m.yaml", platform });
  if (!parsed.ok) throw new Error(parsed.problems.map(renderProblem).join("\n"));
  const manifest: Manifest = parsed.value;
  const environmentPorts = { ...(await ports.environment(platform, environment)), images };
  return await gatherPlanInput(ports, environmentPorts, {
    platform,
    environment,
    manifest,
    manifestText: text,
    umbrellaCommit: commitOf("umbrella") as CommitId,
    released: {},
    dropped: [],
  });
}

describe("gathering where digests only are taken", () => {
  it("takes no build input that the manifest does not name, and no umbrella image that it does not name", async () => {
    const staging = await gather("staging", { modules: ["mobius-rag"], pinned: [] });
    expect(Object.keys(staging.commits)).toContain("mobius-contracts");
    expect(Object.keys(staging.artifacts)).toContain("module-hub");
    expect(staging.artifacts["mobius-rag-backend"]?.missing.length).toBeGreaterThan(0);
    const production = await gather("production", { modules: ["mobius-rag"], pinned: [] });
    expect(Object.keys(production.commits)).not.toContain("mobius-contracts");
    expect(Object.keys(production.artifacts)).toEqual(["mobius-rag-backend"]);
    expect(production.artifacts["mobius-rag-backend"]?.missing).toEqual([]);
  });

  it("believes an image's own build key where its source is not all the manifest's, as the umbrella's is not", async () => {
    const modules = ["mobius-chat", "mobius-contracts"];
    const pinned = ["mobius-chat-api", "module-hub"];
    const { artifacts } = await gather("production", { modules, pinned });
    expect([artifacts["mobius-chat-api"]?.key, artifacts["module-hub"]?.key]).toEqual([KEY, KEY]);
    const staging = await gather("staging", { modules, pinned });
    expect(staging.artifacts["mobius-chat-api"]?.key).not.toBe(KEY);
  });

  it("still refuses an image that was made from another commit than the manifest's", async () => {
    const modules = ["mobius-skills", "mobius-contracts"];
    const input = await gather("production", { modules, pinned: ["mobius-skills-scraper"] });
    expect(input.artifacts["mobius-skills-scraper"]?.key).not.toBe(KEY);
    const planned = planRelease(input);
    expect(!planned.ok && planned.problems.map(({ code }) => code)).toContain("image-not-from-commit");
  });
});
