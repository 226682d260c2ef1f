import { describe, expect, it } from "vitest";
import { parsePlatform } from "../platform/parse-platform.ts";
import { answerCall } from "./answer-call.ts";
import { pairsOf, parseGcloud } from "./gcloud-call.ts";
import { judgeScript } from "./judge-script.ts";
import type { RecordedScript } from "./recorded-script.ts";
import { refusedFlags } from "./refused-flags.ts";
import type { JudgeRequest } from "./script-finding.ts";
import { renderScriptReports } from "./script-report.ts";

const environment = (project: string, more = "") =>
  `{ project: ${project}, region: us-central1, registry: gcr.io/x, identities: { build: b, deploy: d, migrate: m, runtime: r }${more} }`;
const PLATFORM = `platform: p
modules: { rag: { path: rag } }
images: { rag: { module: rag, build: { dockerfile: Dockerfile } } }
services:
  rag: { image: rag, env: { A: "1", B: "2" }, secrets: { JWT_SECRET: jwt-secret:latest } }
environments:
  staging: ${environment("acme-staging", ", aliases: { projects: [acme-stg] }")}
  production: ${environment("acme-prod", ', boundary: { owns: ["redis://10.0.0.9:*"] }')}
`;

/** The text of a shell's words, without any of its quoting. */
const argv = (line: string) => line.split(" ").slice(1);

function judge(lines: readonly string[], more: Partial<JudgeRequest> & { ended?: RecordedScript["ended"] } = {}) {
  const platform = parsePlatform(PLATFORM, "mobius.yaml");
  const staging = platform.ok ? platform.value.environments.staging : undefined;
  if (!platform.ok || staging === undefined) throw new Error("no platform");
  const calls = lines.map((line) => ({ program: line.split(" ")[0] ?? "", argv: argv(line) }));
  const recorded = { calls, hosts: [], output: [], ended: more.ended ?? ({ kind: "exited", code: 0 } as const) };
  return judgeScript({ platform: platform.value, environment: staging, script: "", live: {}, recorded, ...more });
}

const kinds = (...args: Parameters<typeof judge>) => judge(...args).findings.map(({ kind }) => kind);

describe("judgeScript", () => {
  it("finds nothing in a script that keeps to its environment and names every variable", () => {
    expect(
      judge([
        "gcloud --project=acme-stg builds submit . --tag gcr.io/acme-staging/rag:v1 --quiet",
        "gcloud run deploy rag --image=gcr.io/acme-staging/rag:v1 --project acme-staging --region=us-central1 --set-env-vars=^;^A=x,y;B= --set-secrets=JWT_SECRET=jwt-secret:latest",
        "gcloud secrets versions access latest --secret=db-password --project=acme-staging",
        "curl -s https://rag.example.com/health",
      ]),
    ).toEqual({
      projects: ["acme-staging", "acme-stg"],
      regions: ["us-central1"],
      services: ["rag"],
      secrets: ["db-password", "jwt-secret"],
      findings: [],
    });
  });

  it.each([
    ["gcloud run deploy rag --project=acme-prod", ["foreign"]],
    ["gcloud run deploy rag --project=somebody-elses", ["foreign"]],
    ["gcloud run deploy rag", ["ambient-project"]],
    ["gcloud config get-value project", ["ambient-project"]],
    ["curl https://x.example.com/?p=acme-prod", ["foreign"]],
    ["gcloud run deploy rag --project=acme-staging --update-env-vars=REDIS_URL=redis://10.0.0.9:6379", ["foreign"]],
    ["gcloud run deploy rag --project=acme-staging --set-env-vars=A=1", ["dropped-variables"]],
    ["gcloud run services update rag --project=acme-staging --clear-secrets", ["dropped-variables"]],
    ["gcloud run deploy rag --project=acme-staging --update-env-vars=A=1", []],
    ["gcloud run deploy rag --project=acme-staging --set-env-vars=A=1,B=2,DB_PASSWORD=hunter2", ["credential"]],
    ["gcloud run deploy other --project=acme-staging", ["unknown-service"]],
    ["gcloud run deploy rag --project=acme-staging --region=europe-west1", ["other-region"]],
    ["gcloud run describe rag --project=acme-staging", ["refused-call"]],
  ])("of %s finds %j", (line, expected) => expect(kinds([line])).toEqual(expected));

  it("follows a project that the script sets, and one that it exports", () => {
    expect(kinds(["gcloud config set project acme-staging", "gcloud run deploy rag"])).toEqual([]);
    const calls = [{ program: "gcloud", argv: argv("gcloud run deploy rag"), project: "acme-staging" }];
    expect(kinds([], { recorded: { calls, hosts: [], output: [], ended: { kind: "exited", code: 0 } } })).toEqual([]);
  });

  it("looks at variables that are live besides those that are declared", () => {
    const line = "gcloud run deploy rag --project=acme-staging --set-env-vars=A=1,B=2";
    expect(judge([line], { live: { rag: ["A", "BY_HAND"] } }).findings[0]?.text).toBe(
      "It would drop BY_HAND of rag: --set-env-vars replaces everything.",
    );
  });

  it.each([
    ['read -p "Continue? " yes', true],
    ["read -rsp Password: pw", true],
    ["read -r -s -p Password: pw", true],
    ["  [ x ] && read -s key", true],
    ["read answer </dev/tty", true],
    ["while read -r line; do", false],
    ["# read -p nothing", false],
    ["IFS=, read -ra parts <<< $x", false],
  ])("takes %s for a read at a terminal: %s", (line, is) => {
    expect(kinds([], { script: `set -e\n${line}\n` })).toEqual(is ? ["terminal-read"] : []);
  });

  it("warns of another environment's names in the text, such as a default that this run did not come by", () => {
    const script = '# acme-prod in a comment\nPROJECT="${1:-acme-prod}"\necho "$PROJECT" acme-staging\n';
    expect(judge([], { script }).findings).toMatchObject([
      { kind: "foreign", severity: "warning", text: "Line 2 names what is production's." },
    ]);
  });

  it("shows no credential of a call", () => {
    const judgement = judge([
      "psql postgres://app:hunter2@acme-prod:5432/x",
      "gcloud run deploy rag --project=acme-staging --set-env-vars=A=1,B=2,DB_PASSWORD=hunter2",
    ]);
    expect(judgement.findings.map(({ kind }) => kind)).toEqual(["foreign", "credential"]);
    const ended = { kind: "exited", code: 0 } as const;
    const report = { module: "rag", script: "x.sh", commit: "0", ended, calls: 2, output: [], ...judgement };
    expect(JSON.stringify(report) + renderScriptReports([report])).not.toContain("hunter2");
  });
});

describe("refusedFlags", () => {
  it.each([
    ["run deploy x --allow-unauthenticated=false", 1],
    ["run deploy x --no-allow-unauthenticated --quiet", 0],
    ["run logs read x", 1],
    ["run create x", 1],
    ["run services describe x", 0],
    ["run deploy x --vpc-connector=c --network=n", 1],
    ["run deploy x --vpc-connector c --clear-network", 0],
    ["run deploy x --set-env-vars=A=1 --update-env-vars=B=2", 1],
    ["run deploy x --update-env-vars=A=1 --remove-env-vars=B", 0],
    ["sql connect db --command=x", 1],
    ["builds triggers create webhook --name=t", 1],
    ["builds triggers create webhook --name=t --secret=projects/p/secrets/s/versions/1", 0],
  ])("of gcloud %s has %i", (line, count) => {
    expect(refusedFlags(parseGcloud(line.split(" ")))).toHaveLength(count);
  });
});

describe("a call of gcloud", () => {
  it("has its lists merged, with any delimiter", () => {
    const call = parseGcloud(["run", "deploy", "x", "--set-env-vars=A=1,B=", "--set-env-vars", "^##^C=a,b##D=x=y"]);
    expect([...pairsOf(call, "set-env-vars")]).toEqual([
      ["A", "1"],
      ["B", ""],
      ["C", "a,b"],
      ["D", "x=y"],
    ]);
  });

  it.each([
    ["run services describe rag --format=value(status.url)", "https://rag-1097654321.us-central1.run.app\n"],
    ["projects describe p --format=value(projectNumber)", "1097654321\n"],
    ["secrets versions access latest --secret=s", "recorded-run-dummy"],
    [
      "run services describe rag --format=value(metadata.name,spec.template.metadata.annotations['autoscaling.knative.dev/minScale'])",
      "rag\t1\n",
    ],
  ])("%s is answered", (line, expected) => {
    expect(answerCall({ program: "gcloud", argv: line.split(" ") })).toEqual({ stdout: expected, stderr: "", exit: 0 });
  });
});
