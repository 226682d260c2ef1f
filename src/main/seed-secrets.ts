import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import type { SecretStore } from "../cloud/secret-manager-v1/secret-store.ts";
import { parsePlatform } from "../core/platform/parse-platform.ts";

/**
 * Gives every secret that the sample names a random value, once, in every environment. Two kinds of value that break
 * careless programs are among them on purpose: passwords with `$ @ ,` and a token that ends in a line break.
 */
export async function seedSecrets(secrets: SecretStore, directory: string): Promise<void> {
  const parsed = parsePlatform(await readFile(join(directory, "mobius.yaml"), "utf8"), "mobius.yaml");
  if (!parsed.ok) return;
  const { services, environments } = parsed.value;
  const fromServices = Object.values(services).flatMap((service) =>
    Object.values(service.secrets).map((s) => s.secret),
  );
  for (const { project, databases } of Object.values(environments)) {
    const passwords = Object.values(databases).map((database) => database.passwordSecret);
    for (const secret of new Set([...fromServices, ...passwords])) {
      await seed(secrets, project, secret, seedValue(secret));
    }
  }
}

async function seed(secrets: SecretStore, project: string, secret: string, value: string): Promise<void> {
  const created = await secrets.create({ project, secret }, { labels: {}, annotations: {} });
  if (!created.ok) return; // it is there from an earlier run
  await secrets.addVersion({ project, secret }, new TextEncoder().encode(value));
}

function seedValue(secret: string): string {
  const random = ids.randomHex(16);
  if (secret.startsWith("db-password")) return `p$${random}@,${random.slice(0, 4)}`;
  return secret === "jwt-secret" ? `${random}\n` : random;
}
