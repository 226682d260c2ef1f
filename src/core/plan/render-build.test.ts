import { describe, expect, it } from "vitest";
import { samplePlatform } from "../../../test/support/promotion-values.ts";
import type { Environment, Policies } from "../platform/platform.ts";
import { renderBuild } from "./render-build.ts";

const platform = samplePlatform();

function stepsOf(name: string, policies: Partial<Policies> = {}) {
  const environment = platform.environments[name];
  if (environment === undefined) throw new Error(`no environment ${name}`);
  const changed: Environment = { ...environment, policies: { ...environment.policies, ...policies } };
  return renderBuild({ platform, environment: changed, manifestFile: "release-manifests/m.yaml" }).steps;
}

const idsOf = (steps: ReturnType<typeof stepsOf>) => steps.map(({ id }) => id ?? "");

describe("renderBuild", () => {
  it("builds each image, and runs a module's own script, where nothing is protected", () => {
    const steps = stepsOf("staging");
    expect(idsOf(steps).filter((id) => id.startsWith("Build image "))).toHaveLength(5);
    const dbt = steps.find(({ id }) => id === "Build & deploy mobius-dbt");
    expect(dbt?.args?.join(" ")).toContain("build_and_deploy_staging.sh");
  });

  it("builds nothing and runs no script where digests only are taken: the product deploys every module", () => {
    const steps = stepsOf("production");
    expect(idsOf(steps)).toEqual([
      "Checkout umbrella repo",
      "Load release manifest",
      "Back up",
      "Migrate",
      "Build & deploy mobius-os",
      "Build & deploy mobius-rag",
      "Build & deploy mobius-chat",
      "Build & deploy mobius-dbt",
      "Build & deploy mobius-skills",
      "Build & deploy module-hub",
      "Rehearse",
      "Verify candidates",
    ]);
    expect(steps.every(({ args }) => args?.[0] === "phase")).toBe(true);
    expect(steps.find(({ id }) => id === "Back up")?.waitFor).toEqual(["Load release manifest"]);
  });

  it("builds in the product's own steps, and runs no script, where only approvals protect", () => {
    const steps = stepsOf("staging", { approvals: { count: 1, from: ["approver"], expiresMs: 1 } });
    expect(idsOf(steps)).toContain("Build image mobius-dbt-ui");
    expect(steps.every(({ entrypoint }) => entrypoint === undefined)).toBe(true);
  });
});
