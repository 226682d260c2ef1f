import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServicesClient } from "@google-cloud/run";
import fastify, { type FastifyInstance } from "fastify";
import { clientOptions } from "../../src/adapters/google/client-options.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createRunCloud } from "../../src/cloud/run/run-cloud.ts";
import { registerRunV1 } from "../../src/cloud/run/run-v1.ts";
import { registerRunV2 } from "../../src/cloud/run/run-v2.ts";
import { registerServiceUsageV1 } from "../../src/cloud/service-usage-v1/service-usage-v1.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import type { Authority } from "../../src/ports/authority.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import { createFakeSupervisors } from "../../src/ports/processes.fake.ts";

/** What an instance of a revision is: a server that is not listening yet. */
export type Serve = (revision: string) => Server;

/**
 * Cloud Run on an address, over programs in memory: services answer everything unless told to be `deaf`, jobs end well
 * unless told to `fail`. `register` adds further routes; `serve` makes other instances.
 */
export async function startCloud(
  register: (app: FastifyInstance, directory: string) => void = () => {},
  serve: Serve = (revision) => createServer((_, response) => response.end(revision)),
) {
  const directory = await mkdtemp(join(tmpdir(), "mobius-conformance-"));
  const supervisors = createFakeSupervisors(async ({ argv, env }, signal) => {
    if (env.CLOUD_RUN_JOB !== undefined) return { kind: "exited", code: argv.includes("fail") ? 3 : 0 };
    if (argv.includes("deaf")) return { kind: "exited", code: 7 };
    const server = serve(env.K_REVISION ?? "");
    server.listen(Number(env.PORT), "127.0.0.1");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    server.close().closeAllConnections();
    return { kind: "exited", code: 0 };
  });
  const run = createRunCloud({
    documents: createMemoryDocuments(),
    openSupervisor: () => supervisors.open({ name: "instances", directory }),
    unpackImage: async (reference) => {
      if (reference === "broken") throw new Error("it is not there");
      return { directory, command: ["run"], env: {}, workingDirectory: directory };
    },
    accessSecret: async () => new Secret("value"),
    clock: systemClock,
    ids: systemIds,
    directory,
    path: "/usr/bin:/bin",
  });
  // As the server does for those who take it for their proxy.
  const app = fastify({ rewriteUrl: ({ url = "/" }) => url.replace(/^http:\/\/[^/?]+/i, "") || "/" });
  const caller = { kind: "identity", email: "deploy@p1", environment: "staging", project: "p1" } as const;
  const gate = { callerOf: async () => caller, authority: projectAuthority(caller.email) };
  registerRunV1(app, { run, ...gate });
  registerRunV2(app, { run, ...gate });
  register(app, directory);
  registerServiceUsageV1(app, gate);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const options = await clientOptions({ kind: "embedded", url, token: new Secret("token"), project: "p1" });
  return {
    url,
    directory,
    started: supervisors.started,
    options: options as ConstructorParameters<typeof ServicesClient>[0],
    async [Symbol.asyncDispose]() {
      await run.close();
      await app.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until an operation has ended. */
export async function untilDone(url: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { done } = (await (await fetch(url)).json()) as { done?: boolean };
    if (done === true) return;
    if (Date.now() > deadline) throw new Error(`${url} is not done`);
    await systemClock.sleep(10);
  }
}

/** By project alone; who asks what the caller may do with a service hears that it is all. */
function projectAuthority(member: string): Authority {
  const about = { identity: "deploy", environment: "staging", member, because: "the test" } as const;
  const roles = ["roles/run.developer", "roles/run.admin"] as const;
  const grants = roles.map((role) => ({ ...about, role, resource: "projects/p1" }));
  return { ...createProjectAuthority(), book: async () => ({ environments: [], grants }) };
}
