import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Machine } from "../../src/ports/machine.ts";
import { runMobius } from "./run-mobius.ts";

const environment = (project: string) =>
  `{ project: ${project}, region: us-central1, registry: gcr.io/x, identities: { build: b, deploy: d, migrate: m, runtime: r } }`;
const PLATFORM = `platform: p
modules: { rag: { path: rag, repository: ./rag.git }, chat: { path: chat, repository: ./chat.git } }
environments: { staging: ${environment("acme-staging")}, production: ${environment("acme-prod")} }
`;

const MACHINE: Machine = {
  version: async (program) => ({ git: "git version 2.39.5", node: "v24.15.0" })[program],
  freeBytes: async () => 50 * 1024 ** 3,
  stateDirectory: async () => ({ kind: "missing", path: "/s", isCreatable: true }),
  portHolder: async () => ({ kind: "free" }),
  isolation: async () => ({ namespaces: "usable", docker: "answers" }),
  askRemote: async (url) =>
    url === "./chat.git" ? { kind: "silent", reason: "git ls-remote: not found" } : { kind: "answers" },
  settings: [],
};

interface Check {
  readonly check: string;
  readonly verdict: string;
  readonly fix?: string;
}

describe("mobius doctor", () => {
  let server: Server | undefined;
  afterEach(
    () => new Promise<void>((resolve) => (server === undefined ? resolve() : void server.close(() => resolve()))),
  );

  /** A server whose environments are as apart as `statusOf` says, for the token of one at the project of another. */
  async function serve(statusOf: (environment: string, project: string) => number): Promise<string> {
    server = createServer((request, response) => {
      const [, access] = /environments\/(\w+)\/access/.exec(request.url ?? "") ?? [];
      const [, project] = /projects\/([\w-]+)\//.exec(request.url ?? "") ?? [];
      const caller = (request.headers.authorization ?? "").replace("Bearer ", "");
      response.statusCode = project === undefined ? 200 : statusOf(caller, project);
      response.setHeader("content-type", "application/json");
      response.setHeader("connection", "close");
      response.end(JSON.stringify({ token: access, project: "x", region: "x", expiresAt: "x", version: "0.1.0" }));
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function verdicts(url: string, files: Readonly<Record<string, string>> = { "mobius.yaml": PLATFORM }) {
    const { code, out } = await runMobius(["doctor", "--json"], { url, token: "", files, machine: MACHINE });
    const { checks } = JSON.parse(out) as { checks: readonly Check[] };
    expect(checks.filter(({ verdict, fix }) => (verdict === "ok") !== (fix === undefined))).toEqual([]);
    return { code, ...Object.fromEntries(checks.map(({ check, verdict }) => [check, verdict])) };
  }

  const apart = (caller: string, project: string) =>
    project === `acme-${caller === "staging" ? "staging" : "prod"}` ? 200 : 403;

  it("asks each remote, each environment, and each identity at the other's", async () => {
    expect(await verdicts(await serve(apart))).toEqual({
      code: 1,
      git: "ok",
      node: "ok",
      gcloud: "warning",
      bwrap: "warning",
      terraform: "warning",
      sandbox: "ok",
      docker: "ok",
      disk: "ok",
      "state directory": "ok",
      port: "ok",
      clock: "ok",
      "mobius.yaml": "ok",
      "remote of rag": "ok",
      "remote of chat": "failed",
      server: "ok",
      "environment staging": "ok",
      "staging at production": "ok",
      "environment production": "ok",
      "production at staging": "ok",
    });
  });

  it("fails where an identity is let in elsewhere, and takes no other answer for a refusal", async () => {
    const open = await verdicts(await serve((caller) => (caller === "staging" ? 200 : 503)));
    expect(open).toMatchObject({
      "staging at production": "failed",
      "production at staging": "unknown",
      "environment production": "failed",
    });
  });

  it("leaves unknown what nothing could be asked of, and needs neither server nor platform file", async () => {
    const none = await verdicts("http://127.0.0.1:9", {});
    expect(none).toMatchObject({ code: 0, "mobius.yaml": "unknown", clock: "unknown", server: "warning" });
    const silent = await verdicts("http://127.0.0.1:9");
    expect(silent).toMatchObject({ code: 1, "environment staging": "unknown", "remote of chat": "failed" });
    const broken = await verdicts("http://127.0.0.1:9", { "mobius.yaml": "platfrom: p\n" });
    expect(broken).toMatchObject({ code: 1, "mobius.yaml": "failed" });
  });

  it("prints a fix beneath what is not well", async () => {
    const files = { "mobius.yaml": PLATFORM };
    const { out } = await runMobius(["doctor"], { url: "http://127.0.0.1:9", token: "", files, machine: MACHINE });
    expect(out).toContain(
      "failed   remote of chat: ./chat.git: git ls-remote: not found\n         fix: Check the address",
    );
    expect(out).toMatch(/\n\d+ ok, \d+ warning, 1 failed, \d+ unknown\.\n$/);
  });
});
