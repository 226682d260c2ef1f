import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { environmentNamed } from "../core/manifest/environments.ts";
import { parsePlatform } from "../core/platform/parse-platform.ts";
import { PLATFORM_FILE, serviceAccount } from "../core/platform/platform.ts";
import { instant, toIso } from "../core/values/time.ts";
import type { Identities } from "../ports/identities.ts";
import type { EnvironmentAccess } from "../server/routing.ts";

/** A working day. */
const ACCESS_MS = 12 * 60 * 60 * 1_000;

/** A token of the environment's deploy identity, which reaches its own project and no other. */
export async function environmentAccess(
  identities: Identities,
  directory: string,
  name: string,
): Promise<EnvironmentAccess | undefined> {
  const parsed = parsePlatform(await readFile(join(directory, PLATFORM_FILE), "utf8"), PLATFORM_FILE);
  const environment = parsed.ok ? environmentNamed(parsed.value, name) : undefined;
  if (environment === undefined) return undefined;
  const { project, region } = environment;
  const caller = {
    kind: "identity",
    email: serviceAccount(environment, "deploy"),
    environment: environment.name,
    project,
  } as const;
  const token = await identities.issue(caller, ACCESS_MS);
  return { project, region, token, expiresAt: toIso(instant(clock.now() + ACCESS_MS)) };
}
