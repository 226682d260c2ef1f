import { type DoctorCheck, notPassed, passed, renderDoctor } from "../../core/adoption/doctor-checks.ts";
import {
  judgeClock,
  judgeDisk,
  judgeGit,
  judgeIsolation,
  judgeNode,
  judgeStateDirectory,
  judgeTool,
} from "../../core/adoption/judge-machine.ts";
import { parsePlatform } from "../../core/platform/parse-platform.ts";
import { PLATFORM_FILE, type Platform } from "../../core/platform/platform.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { checkEnvironments } from "./doctor-environments.ts";

/** Remotes are asked so many at a time. */
const AT_ONCE = 6;

/**
 * Looks at the machine, the remotes, the server and its environments; one verdict and fix each. Changes nothing. Exit 1 where
 * a check failed; what could not be looked at is unknown, which is no failure and no pass.
 */
export async function doctor(context: CommandContext): Promise<number> {
  const platform = await platformCheck(context);
  const server = await serverCheck(context);
  const checks = [
    ...(await machineChecks(context, server.verdict === "warning" ? "silent" : "answers")),
    platform.check,
    ...(await remoteChecks(context, platform.value)),
    server,
    ...(await checkEnvironments(context, platform.value, server.verdict === "ok" ? "answers" : "silent")),
  ];
  const { settings } = context.machine;
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", checks, settings }, undefined, 2));
  else {
    context.out(renderDoctor(checks));
    for (const { name, value, from } of settings) context.err(`${name}: ${value} (from ${from})`);
  }
  return checks.some(({ verdict }) => verdict === "failed") ? EXIT.failed : EXIT.success;
}

async function machineChecks(context: CommandContext, served: "answers" | "silent"): Promise<readonly DoctorCheck[]> {
  const { machine, server, clock } = context;
  const [git, node, gcloud, bwrap, terraform, isolation, free, state, skewMs] = await Promise.all([
    machine.version("git"),
    machine.version("node"),
    machine.version("gcloud"),
    machine.version("bwrap"),
    machine.version("terraform"),
    machine.isolation(),
    machine.freeBytes(),
    machine.stateDirectory(),
    server.time().then((time) => (time === undefined ? undefined : clock.now() - time)),
  ]);
  return [
    judgeGit(git),
    judgeNode(node),
    judgeTool(
      "gcloud",
      gcloud,
      "mobius env has nothing to point at the embedded cloud, and scripts that use it cannot run",
    ),
    judgeTool("bwrap", bwrap, "builds whose steps are images need Docker then"),
    judgeTool("terraform", terraform, "only a set-up on Google Cloud by its files needs it"),
    ...judgeIsolation(isolation),
    judgeDisk(free),
    judgeStateDirectory(state),
    await portCheck(context, served),
    judgeClock(skewMs),
  ];
}

async function portCheck({ machine, server }: CommandContext, served: "answers" | "silent"): Promise<DoctorCheck> {
  const { port, hostname } = new URL(server.url);
  const number = Number(port === "" ? "80" : port);
  if (!/^(127\.0\.0\.1|localhost|\[::1\])$/.test(hostname)) return passed("port", `the server is at ${hostname}`);
  const holder = await machine.portHolder(number);
  if (served === "answers") return passed("port", `the server listens on ${number}`);
  if (holder.kind === "free") return passed("port", `${number} is free`);
  const fix = `Stop it, or take another port: mobius serve --port ${number + 1}`;
  return notPassed("failed", "port", { text: `${number} is held by ${holder.by}`, fix });
}

async function platformCheck(
  context: CommandContext,
): Promise<{ readonly check: DoctorCheck; readonly value?: Platform }> {
  const text = await context.files.read(PLATFORM_FILE);
  if (text === undefined) {
    const what = { text: `there is no ${PLATFORM_FILE} here or above`, fix: "Make one: mobius init" };
    return { check: notPassed("unknown", PLATFORM_FILE, what) };
  }
  const parsed = parsePlatform(text, PLATFORM_FILE);
  if (parsed.ok) {
    const { modules, services } = parsed.value;
    const counts = `${Object.keys(modules).length} modules, ${Object.keys(services).length} services`;
    return { check: passed(PLATFORM_FILE, counts), value: parsed.value };
  }
  const what = { text: `it has ${parsed.problems.length} problems`, fix: "Look at them: mobius validate" };
  return { check: notPassed("failed", PLATFORM_FILE, what) };
}

async function remoteChecks(context: CommandContext, platform: Platform | undefined): Promise<readonly DoctorCheck[]> {
  if (platform === undefined) return [];
  const modules = Object.values(platform.modules).flatMap(({ name, source }) =>
    source.kind === "repository" ? [{ name, url: source.url }] : [],
  );
  const umbrella = platform.git.umbrella === undefined ? [] : [{ name: "the umbrella", url: platform.git.umbrella }];
  const queue = [...umbrella, ...modules];
  const checks: DoctorCheck[] = queue.map(({ name }) => passed(`remote of ${name}`, "it answers"));
  const asked = queue.map(({ name, url }, index) => async () => {
    const answer = await context.machine.askRemote(url);
    if (answer.kind === "answers") return;
    const fix = "Check the address in mobius.yaml, and that git without a person's own settings may read it.";
    checks[index] = notPassed("failed", `remote of ${name}`, { text: `${url}: ${answer.reason}`, fix });
  });
  const work = async () => {
    for (let next = asked.shift(); next !== undefined; next = asked.shift()) await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return checks;
}

async function serverCheck({ server }: CommandContext): Promise<DoctorCheck> {
  const installation = await server.installation();
  if (installation.ok) return passed("server", `${server.url} answers, version ${installation.value.version}`);
  const [problem] = installation.error;
  const isDenied = problem?.code === "not-authenticated" || problem?.code === "not-allowed";
  if (isDenied) return notPassed("failed", "server", { text: problem.summary, fix: problem.fix });
  return notPassed("warning", "server", { text: `none answers at ${server.url}`, fix: "Start one: mobius serve" });
}
