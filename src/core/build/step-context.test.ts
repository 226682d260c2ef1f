import { describe, expect, it } from "vitest";
import type { BuildConfig } from "./build-config.ts";
import { promisedImages, stepDirectory, stepSecrets, stepVariables, stepVolumes } from "./step-context.ts";

describe("where a step works", () => {
  it.each<[string | undefined, string | undefined, string]>([
    [undefined, undefined, "/workspace"],
    [undefined, "a/b", "/workspace/a/b"],
    ["app", "a//./b/", "/workspace/app/a/b"],
    ["app", "..", "/workspace"],
    ["app", "/abs/x/../y", "/abs/y"],
    [undefined, "../x", "/x"],
    [undefined, "../../../x", "/x"],
  ])("source %s, step %s: %s", (source, dir, place) => {
    for (const kind of ["gitSource", "repoSource", "connectedRepository", "developerConnectConfig"]) {
      const config: BuildConfig = {
        steps: [{ name: "a", ...(dir === undefined ? {} : { dir }) }],
        ...(source === undefined ? {} : { source: { [kind]: { dir: source } } }),
      };
      expect(stepDirectory(config, 0)).toBe(place);
    }
  });
});

describe("what a step has", () => {
  const config: BuildConfig = {
    steps: [
      { name: "a", env: ["A=1=2", "B="], secretEnv: ["S"], volumes: [{ name: "own", path: "/x//y/" }] },
      { name: "b" },
    ],
    options: { env: ["A=0", "C=3"], secretEnv: ["G"], volumes: [{ name: "all", path: "/all" }] },
    availableSecrets: {
      secretManager: ["S", "G", "U"].map((env) => ({ env, versionName: `projects/p/secrets/${env}/versions/latest` })),
    },
    images: ["i"],
    artifacts: { images: ["i"] },
  };

  it("is the build's, then its own", () => {
    expect(stepVariables(config, 0)).toEqual({ A: "1=2", B: "", C: "3" });
    expect(stepVariables(config, 1)).toEqual({ A: "0", C: "3" });
    expect(stepSecrets(config, 0).map(({ env }) => env)).toEqual(["S", "G"]);
    expect(stepSecrets(config, 1).map(({ env }) => env)).toEqual(["G"]);
    expect(stepVolumes(config, 0)).toEqual([
      { name: "all", path: "/all" },
      { name: "own", path: "/x/y" },
    ]);
    expect(stepVolumes(config, 1)).toEqual([{ name: "all", path: "/all" }]);
  });

  it("promises an image once, wherever it is said", () => {
    expect(promisedImages(config)).toEqual(["i"]);
  });
});
