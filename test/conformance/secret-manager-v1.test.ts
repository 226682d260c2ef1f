/** Google's own Node client against the embedded Secret Manager: every byte, every checksum, and its words of refusal. */
import { SecretManagerServiceClient } from "@google-cloud/secret-manager";
import fastify from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOptions } from "../../src/adapters/google/client-options.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { registerSecretManagerV1 } from "../../src/cloud/secret-manager-v1/secret-manager-v1.ts";
import { createSecretStore } from "../../src/cloud/secret-manager-v1/secret-store.ts";
import { decideAccess } from "../../src/core/identity/decide-access.ts";
import { permissionDenied } from "../../src/core/identity/denial.ts";
import { grantsOf, secretUses } from "../../src/core/identity/grants.ts";
import { parsePlatform } from "../../src/core/platform/parse-platform.ts";
import { crc32c } from "../../src/core/values/crc32c.ts";
import { err, ok } from "../../src/core/values/result.ts";
import { Secret } from "../../src/core/values/secret.ts";
import type { Authority } from "../../src/ports/authority.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import type { Caller } from "../../src/ports/identities.ts";

const PLATFORM = `
platform: p
modules: { app: { repository: ./app.git, path: app } }
images: { api: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } } }
services: { api: { image: api, secrets: { KEY: "api-key:latest" } } }
environments:
  staging:
    project: p1
    region: l
    registry: gcr.io/p1
    identities: { build: b, deploy: d, migrate: m, runtime: r }
    databases: { main: { user: app, password: db-password } }
`;
const PARENT = "projects/p1";
const CODE = { invalidArgument: 3, notFound: 5, permissionDenied: 7, failedPrecondition: 9 } as const;

/** The real grants, without a record. */
function authorityOf(text: string): Authority {
  const parsed = parsePlatform(text, "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems[0].summary);
  const { value: platform } = parsed;
  const environments = Object.values(platform.environments);
  const grants = environments.flatMap((each) => grantsOf(platform, each, secretUses(platform, each)));
  const book = { environments: [], grants };
  return {
    book: async () => book,
    async authorize({ caller, needs: [need] }) {
      if (caller === undefined) throw new Error("every client here has a token");
      const who = caller.kind === "person" ? caller : { kind: "account" as const, email: caller.email };
      const decision = decideAccess(who, need, book);
      return decision.allowed ? ok(caller) : err(permissionDenied(decision.permission, decision.resource));
    },
  };
}

const documents = createMemoryDocuments();
const app = fastify();
let clientAs: (token: string) => Promise<SecretManagerServiceClient>;
let ada: SecretManagerServiceClient;

beforeAll(async () => {
  const secrets = createSecretStore({ documents, encryptionKey: new Uint8Array(32).fill(5), clock: systemClock });
  registerSecretManagerV1(app, {
    secrets,
    authority: authorityOf(PLATFORM),
    callerOf: ({ headers }): Caller => {
      const name = headers.authorization?.replace("Bearer ", "") ?? "";
      const email = `${name}@p1.iam.gserviceaccount.com`;
      return name === "ada"
        ? { kind: "person", name }
        : { kind: "identity", email, environment: "staging", project: "p1" };
    },
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  clientAs = async (token) => {
    const options = await clientOptions({ kind: "embedded", url, token: new Secret(token), project: "p1" });
    return new SecretManagerServiceClient(options as ConstructorParameters<typeof SecretManagerServiceClient>[0]);
  };
  ada = await clientAs("ada");
});
afterAll(() => app.close());

async function create(secretId: string, ...values: readonly Uint8Array[]): Promise<string> {
  const [secret] = await ada.createSecret({ parent: PARENT, secretId, secret: { replication: { automatic: {} } } });
  for (const data of values) await ada.addSecretVersion({ parent: secret.name ?? "", payload: { data } });
  return secret.name ?? "";
}

async function read(name: string, client = ada) {
  const [{ payload, name: version }] = await client.accessSecretVersion({ name });
  const data = payload?.data;
  if (!(data instanceof Uint8Array)) throw new Error("no bytes");
  return { version, bytes: new Uint8Array(data), checksum: Number(payload?.dataCrc32c) };
}

const text = (value: string) => new TextEncoder().encode(value);

describe("Secret Manager v1, asked by Google's Node client", () => {
  it.each([
    ["a trailing line break", text("hmac-key\n")],
    ["several, and carriage returns", text("\r\n a \n\r\n")],
    ["characters that break careless programs", text("p$@ss,word'\"\\`$(id)")],
    ["bytes that are no text", Uint8Array.from([0, 255, 254, 128, 10, 0])],
    ["every byte there is", Uint8Array.from({ length: 256 }, (_, byte) => byte)],
    ["nothing", new Uint8Array()],
    ["the most that a version holds", new Uint8Array(64 * 1024).fill(10)],
  ])("keeps %s exactly, with its checksum", async (what, bytes) => {
    const secret = await create(what.replaceAll(/[^a-z]/g, "-"), bytes);
    const found = await read(`${secret}/versions/latest`);
    expect(found.bytes).toEqual(bytes);
    expect(found.checksum).toBe(crc32c(bytes));
    expect(found.version).toBe(`${secret}/versions/1`);
  });

  it("takes a value whose checksum is right, and refuses one whose checksum is not", async () => {
    const parent = await create("checked");
    const data = text("value\n");
    const [version] = await ada.addSecretVersion({ parent, payload: { data, dataCrc32c: crc32c(data) } });
    expect(version).toMatchObject({ name: `${parent}/versions/1`, clientSpecifiedPayloadChecksum: true });
    const wrong = ada.addSecretVersion({ parent, payload: { data, dataCrc32c: crc32c(data) + 1 } });
    await expect(wrong).rejects.toMatchObject({ code: CODE.invalidArgument });
    const [versions] = await ada.listSecretVersions({ parent });
    expect(versions).toHaveLength(1);
  });

  it("lists, disables, enables and destroys versions", async () => {
    const secret = await create("turned", text("one"), text("two"));
    const name = `${secret}/versions/1`;
    const [versions] = await ada.listSecretVersions({ parent: secret });
    expect(versions.map((version) => version.name)).toEqual([`${secret}/versions/2`, name]);
    await ada.disableSecretVersion({ name });
    await expect(read(name)).rejects.toMatchObject({ code: CODE.failedPrecondition });
    await ada.enableSecretVersion({ name });
    expect((await read(name)).bytes).toEqual(text("one"));
    await ada.destroySecretVersion({ name });
    await expect(read(name)).rejects.toMatchObject({ code: CODE.failedPrecondition });
    await expect(read(`${secret}/versions/9`)).rejects.toMatchObject({ code: CODE.notFound });
  });

  it("keeps nothing of a value in clear", async () => {
    const value = "a-value-that-nobody-may-find";
    await create("sealed", text(value));
    const kept = await Promise.all(
      ["secrets", "secret-versions"].map((collection) => documents.list({ collection, prefix: "", limit: 1_000 })),
    );
    const stored = JSON.stringify(kept);
    expect(stored).toContain("projects/p1/secrets/sealed");
    for (const form of [value, Buffer.from(value).toString("base64"), Buffer.from(value).toString("hex")]) {
      expect(stored).not.toContain(form);
    }
  });
});

describe("who reads which secret", () => {
  const SECRETS = ["api-key", "db-password", "database-url-main", "npm-token"];
  beforeAll(async () => {
    for (const secret of SECRETS) await create(secret, text(`value of ${secret}`));
  });

  it.each([
    ["r", ["api-key", "db-password", "database-url-main"]],
    ["m", ["db-password", "database-url-main"]],
    ["d", []],
    ["b", []],
    ["stranger", []],
  ])("%s reads %j", async (name, readable) => {
    const client = await clientAs(name);
    for (const secret of SECRETS) {
      const asked = read(`${PARENT}/secrets/${secret}/versions/latest`, client);
      if (readable.includes(secret)) expect((await asked).bytes).toEqual(text(`value of ${secret}`));
      else {
        await expect(asked).rejects.toMatchObject({
          code: CODE.permissionDenied,
          message: expect.stringContaining(
            `Permission 'secretmanager.versions.access' denied on resource '${PARENT}/secrets/${secret}/versions/latest' (or it may not exist).`,
          ),
          reason: "IAM_PERMISSION_DENIED",
          domain: "iam.googleapis.com",
          errorInfoMetadata: { permission: "secretmanager.versions.access" },
        });
      }
    }
  });
});
