import { environmentNamed } from "../../core/manifest/environments.ts";
import { environmentUnknown } from "../../engine/releases/problems.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import { addSecretVersion } from "../cloud-calls.ts";
import type { CommandContext } from "../command-context.ts";
import { secretEmpty, secretTooLarge } from "../problems.ts";
import { report } from "../report.ts";
import { readPlatform } from "../umbrella-files.ts";

/** Secret Manager's own limit of one version. */
const MAX_BYTES = 64 * 1024;
const LINE_BREAK = 0x0a;

/**
 * Adds a version to a secret of an environment; the secret is made where it is missing. The value comes from standard
 * input, so that it stands in no list of processes and in no shell's memory, and is kept byte for byte.
 */
export async function setSecret(context: CommandContext, name: string, environment: string): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const chosen = environmentNamed(platform.value, environment);
  const known = Object.keys(platform.value.environments);
  if (chosen === undefined) return report(context, [environmentUnknown(environment, known)]);
  const value = await context.input();
  if (value === undefined || value.length === 0) return report(context, [secretEmpty(name, chosen.name)]);
  if (value.length > MAX_BYTES) return report(context, [secretTooLarge(name, MAX_BYTES)]);
  const version = await addSecretVersion(context.server, chosen.project, name, value);
  if (!version.ok) return report(context, version.error);
  if (value.at(-1) === LINE_BREAK) {
    context.err(
      "The value ends in a line break, which is kept. To leave it out: printf '%s' VALUE | mobius secret set …",
    );
  }
  if (context.json)
    context.out(JSON.stringify({ apiVersion: "mobius/v1", secret: name, ...version.value }, undefined, 2));
  else context.out(`Secret ${name} of ${chosen.name} is at version ${version.value.version}.`);
  return EXIT.success;
}
