import { resolve } from "node:path";
import { createSample } from "../adapters/git/create-sample.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import type { DemoParts } from "../cli/command-context.ts";
import { ServerClient } from "../cli/server-client.ts";
import { buildConfigText, renderBuild } from "../core/plan/render-build.ts";
import { parsePlatform } from "../core/platform/parse-platform.ts";
import { present } from "../core/values/assert.ts";
import { toIso } from "../core/values/time.ts";
import { attach } from "./attach.ts";
import { startServer } from "./compose-server.ts";
import type { ServerRequest } from "./foundation.ts";
import { SCHEMA_FOLDER } from "./generate-schemas.ts";
import { seedPeople } from "./seed-people.ts";
import { seedSecrets } from "./seed-secrets.ts";

/** The sample's sources, in the installation. */
const SAMPLE_ROOT = resolve(import.meta.dirname, "..", "..", "examples", "mobius");

type Settings = Omit<ServerRequest, "directory" | "port" | "executor">;

/** What `mobius demo` needs: a sample to release, and a server with the sample's secrets. */
export function demoParts(settings: Settings, token: () => Promise<string | undefined>): DemoParts {
  const client = (url: string) => new ServerClient({ url, token, send: (address, init) => fetch(address, init) });
  return {
    createSample: (directory) =>
      createSample({
        directory,
        sampleRoot: SAMPLE_ROOT,
        schemas: SCHEMA_FOLDER,
        date: toIso(clock.now()).slice(0, 10),
        renderBuildConfig: stagingBuild,
      }),
    async startServer({ directory, port, executor }) {
      const attached = await attach(client(`http://127.0.0.1:${port}`));
      if (attached !== undefined) return attached;
      const started = await startServer({
        ...settings,
        directory,
        port,
        executor,
        prepare: async ({ secrets, people }) => {
          await seedSecrets(secrets, directory);
          await seedPeople(people, settings.stateDirectory);
        },
      });
      if (!started.ok) return started.error;
      const { url, makeLink, stop } = started.value;
      return { url, boardLink: `${url}/?login=${makeLink()}`, client: client(url), stop };
    },
  };
}

function stagingBuild(platformText: string, manifestFile: string): string {
  const platform = parsePlatform(platformText, "mobius.yaml");
  if (!platform.ok) throw new Error(`the sample's platform file: ${platform.problems[0].summary}`);
  const environment = present(platform.value.environments.staging, "the sample's environment staging");
  return buildConfigText(renderBuild({ platform: platform.value, environment, manifestFile }), environment.name);
}
