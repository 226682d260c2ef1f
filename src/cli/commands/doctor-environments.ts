import { type DoctorCheck, notPassed, passed } from "../../core/adoption/doctor-checks.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import type { CommandContext } from "../command-context.ts";
import type { ServerClient } from "../server-client.ts";

/** One read of each API of the embedded cloud that an environment's services and builds live behind. */
const READS: readonly (readonly [api: string, path: (environment: Environment) => string])[] = [
  ["Cloud Run", ({ project, region }) => `/v2/projects/${project}/locations/${region}/services`],
  ["Cloud Build", ({ project }) => `/v1/projects/${project}/builds`],
  ["Secret Manager", ({ project }) => `/v1/projects/${project}/secrets`],
];
const DENIED = 403;

/**
 * Asks each embedded environment's APIs with the environment's own token, and every other one's with it too: the first have to
 * answer, the second to refuse. An environment on Google, or without a server, stays unknown.
 */
export async function checkEnvironments(
  context: CommandContext,
  platform: Platform | undefined,
  server: "answers" | "silent",
): Promise<readonly DoctorCheck[]> {
  const environments = Object.values(platform?.environments ?? {});
  const embedded = environments.filter(({ cloud }) => cloud === "embedded");
  const checks: DoctorCheck[] = [];
  for (const environment of environments) {
    const check = `environment ${environment.name}`;
    if (environment.cloud === "google") {
      const what = {
        text: "it is on Google Cloud, which this look does not ask",
        fix: "Look at it with Google's own tools.",
      };
      checks.push(notPassed("unknown", check, what));
    } else if (server === "silent") {
      checks.push(notPassed("unknown", check, { text: "no server lets it be asked", fix: "See to the server first." }));
    } else checks.push(...(await checkOne(context, environment, embedded)));
  }
  return checks;
}

async function checkOne(
  context: CommandContext,
  environment: Environment,
  embedded: readonly Environment[],
): Promise<readonly DoctorCheck[]> {
  const check = `environment ${environment.name}`;
  const access = await context.server.access(environment.name);
  if (!access.ok) {
    const [problem] = access.error;
    const what = {
      text: problem?.summary ?? "no token is given for it",
      fix: problem?.fix ?? "Restart the server: mobius serve",
    };
    return [notPassed("failed", check, what)];
  }
  const client = context.server.as(access.value.token);
  const own = await ownAnswers(client, environment, check);
  const others = embedded.filter(({ name }) => name !== environment.name);
  return [own, ...(await Promise.all(others.map((other) => deniedAt(client, environment, other))))];
}

async function ownAnswers(client: ServerClient, environment: Environment, check: string): Promise<DoctorCheck> {
  for (const [api, path] of READS) {
    const answer = await client.google("GET", path(environment));
    if (answer.ok) continue;
    const { status, problems } = answer.error;
    const said = `${api} answers ${status === 0 ? "nothing" : status}: ${problems[0]?.why[0] ?? "no reason"}`;
    return notPassed("failed", check, {
      text: said,
      fix: "Look at the server's output; it makes environments as mobius.yaml says at its start.",
    });
  }
  return passed(check, `the embedded cloud answers for ${environment.project}`);
}

/** An identity of one environment at another one's APIs. Whatever is no refusal is shown as what it is. */
async function deniedAt(client: ServerClient, own: Environment, other: Environment): Promise<DoctorCheck> {
  const check = `${own.name} at ${other.name}`;
  for (const [api, path] of READS) {
    const answer = await client.google("GET", path(other));
    if (answer.ok) {
      const text = `${api} of ${other.project} lets an identity of ${own.name} in`;
      return notPassed("failed", check, {
        text,
        fix: "Stop the server, and report this: the environments are not apart.",
      });
    }
    if (answer.error.status === DENIED) continue;
    const text = `${api} answers ${answer.error.status || "nothing"}, which is no refusal`;
    return notPassed("unknown", check, { text, fix: "Look at the server's output, then run this again." });
  }
  return passed(check, `an identity of ${own.name} is refused`);
}
