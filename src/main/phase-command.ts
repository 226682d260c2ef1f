import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROXY_VARIABLES } from "../adapters/executors/proxy-variables.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { phase } from "../cli/commands/phase.ts";
import { ServerClient } from "../cli/server-client.ts";
import { Secret } from "../core/values/secret.ts";
import type { StepWork } from "../ports/step-work.ts";

/** `mobius phase <name> [subject] [command]`, as a step of a build runs it: server and token come from its environment. */
export async function runPhaseCommand(
  name: string,
  subject: string | undefined,
  command: readonly string[],
): Promise<number> {
  const { MOBIUS_SERVER: url, MOBIUS_STEP_TOKEN: token, HOME: home } = process.env;
  if (name === "" || url === undefined || token === undefined) {
    process.stderr.write(
      "mobius phase <name> [subject] runs in a step of a release's build: MOBIUS_SERVER and MOBIUS_STEP_TOKEN are not set here.\n",
    );
    return 2;
  }
  const work: StepWork = {
    async perform(order, onLine) {
      // Only checkouts and images need more than the connection.
      const { createStepWork } = await import("./step-work.ts");
      const scratch = join(home || tmpdir(), ".mobius");
      const folders = { workspace: process.cwd(), scratch, token: new Secret(token), gitEnv: waysOut() };
      return createStepWork({ ...folders, server: url, command }).perform(order, onLine);
    },
  };
  const server = new ServerClient({ url, token: async () => token, send: (address, init) => fetch(address, init) });
  const out = (text: string) => void process.stdout.write(`${text}\n`);
  return phase({ clock, out, err: out, server, work }, name, subject);
}

/** What the step's environment says about the way out of its network; git is given nothing else of it. */
function waysOut(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    PROXY_VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
