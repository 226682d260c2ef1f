import fastify from "fastify";
import { createSecrets } from "../../src/adapters/google/secrets.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { registerSecretManagerV1 } from "../../src/cloud/secret-manager-v1/secret-manager-v1.ts";
import { createSecretStore } from "../../src/cloud/secret-manager-v1/secret-store.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import { describeSecrets } from "../../src/ports/secrets.contract.ts";
import { createMemorySecrets } from "../../src/ports/secrets.fake.ts";

describeSecrets("memory", async () => ({ ...createMemorySecrets(), [Symbol.asyncDispose]: async () => {} }));

describeSecrets("embedded cloud", async () => {
  const app = fastify();
  const project = "mobius-staging";
  const store = createSecretStore({
    documents: createMemoryDocuments(),
    encryptionKey: new Uint8Array(32).fill(5),
    clock: systemClock,
  });
  registerSecretManagerV1(app, {
    authority: createProjectAuthority(),
    secrets: store,
    callerOf: async (request) =>
      request.headers.authorization === "Bearer token"
        ? { kind: "identity", email: "deploy@mobius-staging", environment: "staging", project }
        : undefined,
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    secrets: createSecrets({ endpoint: { kind: "embedded", url, token: new Secret("token"), project }, project }),
    disable: async (secret, version) => {
      await store.setState({ project, secret, version }, "DISABLED");
    },
    [Symbol.asyncDispose]: async () => await app.close(),
  };
});
