import type { StartedServer } from "../cli/command-context.ts";
import type { ServerClient } from "../cli/server-client.ts";

/**
 * The server that listens there already, when it is this installation's: it takes this installation's token. Undefined
 * where nothing listens, or somebody else does (then the start itself says that the port is taken).
 */
export async function attach(client: ServerClient): Promise<StartedServer | undefined> {
  const answer = await client.installation();
  if (!answer.ok) return undefined;
  return { url: client.url, boardLink: client.url, client, stop: async () => {} };
}
