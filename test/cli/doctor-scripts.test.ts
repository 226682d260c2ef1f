import { describe, expect, it } from "vitest";
import type { RecordedCall } from "../../src/core/adoption/recorded-script.ts";
import type { ScriptRecording } from "../../src/ports/script-recorder.ts";
import type { Source } from "../../src/ports/source.ts";
import { COMMIT, runMobius } from "./run-mobius.ts";

const environment = (project: string) =>
  `{ project: ${project}, region: us-central1, registry: gcr.io/x, identities: { build: b, deploy: d, migrate: m, runtime: r } }`;
const PLATFORM = `platform: p
modules: { rag: { path: rag, repository: ./rag.git, script: deploy.sh }, auth: { path: auth, repository: ./auth.git } }
environments: { staging: ${environment("acme-staging")}, production: ${environment("acme-prod")} }
`;
const LINKED = "3".repeat(40);

const source = {
  refresh: async () => ({ ok: true, value: undefined }),
  resolve: async (_url: string, ref: string) => ({ ok: true, value: ref === "HEAD" ? COMMIT : ref }),
  readFile: async (_url: string, _commit: string, path: string) => (path === "gone.sh" ? undefined : "#!/bin/sh"),
  list: async () => [{ path: "rag", kind: "submodule", mode: "160000", object: LINKED }],
} as unknown as Source;

function mobius(argv: readonly string[], calls: readonly RecordedCall[] = []) {
  const asked: ScriptRecording[] = [];
  const ended = { kind: "exited", code: 0 } as const;
  const ran = runMobius(argv, {
    url: "http://127.0.0.1:9",
    token: "",
    source,
    files: { "mobius.yaml": PLATFORM },
    recordScript: async (request) => {
      asked.push(request);
      return { ok: true, value: { recorded: { calls, hosts: [], ended, output: [] }, script: "" } };
    },
  });
  return ran.then((result) => ({ ...result, asked }));
}

describe("mobius doctor scripts", () => {
  it("runs each script at the umbrella's commit of its module, with a manifest of the environment", async () => {
    const { code, out, asked } = await mobius(["doctor", "scripts", "--env", "staging"]);
    expect([code, out]).toEqual([0, "rag deploy.sh at 333333333333: ok (exit 0, 0 calls recorded, nothing reached)\n"]);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      checkouts: [
        { url: "/umbrella", commit: COMMIT, path: "." },
        { url: "./rag.git", commit: LINKED, path: "rag" },
      ],
      script: "rag/deploy.sh",
      args: ["release-manifests/recorded-run-staging.yaml"],
    });
  });

  it("exits 1 with what a script would do elsewhere, for people and programs", async () => {
    const calls = [{ program: "gcloud", argv: ["run", "deploy", "rag", "--project=acme-prod"] }];
    const text = await mobius(["doctor", "scripts", "rag", "--env", "staging"], calls);
    expect(text.code).toBe(1);
    expect(text.out).toContain('error[foreign]: `gcloud run deploy rag` names "acme-prod" in --project');
    const json = await mobius(["doctor", "scripts", "--json", "rag", "--dir", "x", "--env", "staging"], calls);
    expect([json.code, JSON.parse(json.out)]).toMatchObject([
      1,
      { apiVersion: "mobius/v1", environment: "staging", scripts: [{ module: "rag", projects: ["acme-prod"] }] },
    ]);
  });

  it("takes a script that is not declared, and refuses modules without any", async () => {
    const argv = ["doctor", "scripts", "auth", "--env", "staging"];
    expect((await mobius([...argv, "--script", "go.sh", "--arg", "--fast"])).asked[0]).toMatchObject({
      script: "auth/go.sh",
      args: ["--fast"],
    });
    const refused = await mobius(["doctor", "scripts", "auth", "rga", "--env", "staging"]);
    expect([refused.code, refused.err.match(/error\[module-without-script\]/g)?.length]).toEqual([3, 2]);
    const gone = await mobius([...argv, "--script", "gone.sh"]);
    expect([gone.code, gone.asked]).toEqual([3, []]);
    expect(gone.err).toContain("error[script-not-there]: auth has no gone.sh at ");
    expect((await mobius(["doctor", "scripts", "--env", "nowhere"])).err).toContain("error[environment-unknown]");
  });
});
