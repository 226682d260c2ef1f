import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { createIdentities } from "../../src/adapters/identity/identities.ts";
import { createPeople } from "../../src/adapters/identity/people.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { parsePlatform } from "../../src/core/platform/parse-platform.ts";
import type { AuditLog } from "../../src/engine/access/audit-log.ts";
import { createGrants } from "../../src/engine/access/grants.ts";
import { MetricsDesk } from "../../src/engine/metrics/metrics-desk.ts";
import { NotificationDesk } from "../../src/engine/notifications/notification-desk.ts";
import { RecordsDesk } from "../../src/engine/records/records-desk.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import type { Identities } from "../../src/ports/identities.ts";
import { createServer } from "../../src/server/create-server.ts";
import { notificationWorld } from "../notifications/notification-world.ts";
import { SimWorld } from "../sim/sim-world.ts";
import { createMemoryAudit } from "../support/memory-audit.ts";

export const TOKEN = "the-person-s-token";
export const MANIFEST = "release-manifests/x-staging.yaml";
export const PRODUCTION_MANIFEST = "release-manifests/x-production.yaml";
/** What a release of this world must not do to a page that shows it. */
export const HOSTILE = `<script>alert("x")</script>`;

export const PLATFORM_TEXT = `
platform: sim
modules:
  app: { repository: ./app.git, path: app }
images:
  app: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } }
services:
  api: { image: app }
environments:
  staging:
    project: mobius-staging
    region: us-central1
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
  production:
    project: mobiusos-new
    region: us-central1
    registry: gcr.io/mobiusos-new
    identities: { build: b, deploy: d, migrate: m, runtime: r }
    policies: { approvals: { count: 1, from: [approver] } }
`;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ServerWorld extends AsyncDisposable {
  readonly engine: ReleaseEngine;
  readonly audit: AuditLog;
  readonly identities: Identities;
  readonly world: SimWorld;
  readonly base: string;
  readonly makeLink: () => string;
  /** What the server says of itself. */
  readonly readiness: { isReady: boolean };
  /** Asks over real HTTP, with any header, Host included. */
  ask(method: string, path: string, options?: { headers?: Record<string, string>; body?: unknown }): Promise<Answer>;
  /** As the person of the token file. */
  asPerson(method: string, path: string, body?: unknown): Promise<Answer>;
}

/** The real HTTP server and release engine over a world in memory, listening on a port of its own. */
export async function startServerWorld({
  platformText = PLATFORM_TEXT,
  app: appFiles = {} as Readonly<Record<string, string>>,
} = {}): Promise<ServerWorld> {
  const world = new SimWorld({
    umbrella: {
      "mobius.yaml": platformText,
      [PRODUCTION_MANIFEST]: `release_id: x-production\ncommits:\n  app: "${"1".repeat(40)}"\n`,
      [MANIFEST]: `release_id: x-staging\ncommits:\n  app: "${"1".repeat(40)}"\nnotes: ['${HOSTILE}']\n`,
    },
    "./app.git": { "server.js": "1", ...appFiles },
  });
  const people = createPeople({
    documents: createMemoryDocuments(),
    owner: "ada",
    clock: systemClock,
    ids: systemIds,
  });
  const ports = { ...world.ports(), people };
  const engine = new ReleaseEngine(ports, () => {});
  const identities = createIdentities({
    signingKey: new Uint8Array(32).fill(7),
    personToken: async () => TOKEN,
    personName: "ada",
    personOf: (token) => people.personOf(token),
    clock: systemClock,
  });
  const audit = createMemoryAudit();
  const platform = parsePlatform(platformText, "mobius.yaml");
  const readiness = { isReady: true };
  const { app, makeLink } = createServer({
    engine,
    records: new RecordsDesk({ ...ports, releases: () => engine.list() }),
    notifications: new NotificationDesk(notificationWorld().ports),
    requestMetrics: new MetricsDesk({ ...ports, releases: () => engine.list() }),
    pushToken: async (name) =>
      name === "staging" ? { url: "http://x", token: "t", expiresAt: "2026-11-27T00:00:00.000Z" } : undefined,
    identities,
    clock: systemClock,
    ids: systemIds,
    installation: "test",
    version: "0.0.0",
    person: "ada",
    people,
    isReady: () => readiness.isReady,
    onFault: () => {},
    buildLog: async (build, fromByte) => {
      const text = `Step #0: ${HOSTILE}\n`;
      return build === "b-1" ? { text: text.slice(fromByte), next: text.length } : undefined;
    },
    metrics: () => "mobius_up 1\n",
    schema: async (name) => (name === "mobius.schema.json" ? "{}" : undefined),
    environment: async (name) => (name === "staging" ? { environment: name, services: [] } : undefined),
    access: async (name) =>
      name === "staging" ? { project: "p", region: "r", token: "t", expiresAt: "2026-11-27T00:00:00.000Z" } : undefined,
    audit,
    grants: createGrants({
      platform: async () => (platform.ok ? platform.value : undefined),
      documents: createMemoryDocuments(),
    }),
    register: (fastify, { withoutSteps, withSteps }) => {
      fastify.get("/v1/who", async (request) => ({ kind: (await withoutSteps(request))?.kind ?? "nobody" }));
      fastify.get("/v1/who-with-steps", async (request) => ({ kind: (await withSteps(request))?.kind ?? "nobody" }));
      fastify.get("/api/v1/breaks", async () => {
        throw new Error("a secret detail");
      });
    },
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  await engine.start();
  const { port } = app.server.address() as AddressInfo;
  const ask: ServerWorld["ask"] = (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
      const type = text === undefined ? {} : { "content-type": "application/json" };
      const call = httpRequest(
        { host: "127.0.0.1", port, method, path, headers: { ...type, ...headers } },
        (response) => {
          let answer = "";
          response.setEncoding("utf8").on("data", (piece: string) => {
            answer += piece;
          });
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
          );
        },
      );
      call.on("error", reject).end(text);
    });
  return {
    engine,
    audit,
    identities,
    world,
    base: `http://127.0.0.1:${port}`,
    makeLink,
    readiness,
    ask,
    asPerson: (method, path, body) => ask(method, path, { headers: { authorization: `Bearer ${TOKEN}` }, body }),
    async [Symbol.asyncDispose]() {
      await engine.stop();
      await app.close();
    },
  };
}
