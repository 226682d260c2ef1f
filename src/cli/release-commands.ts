import type { Command } from "commander";
import { type CommandDefinition, collect, environmentOf } from "./command-definition.ts";

/** Commands around a release: they talk to the server. */
export function releaseCommands(): readonly CommandDefinition[] {
  const environment = (command: Command) =>
    command.option("--env <environment>", "the environment; a manifest names its own");
  const drop = (command: Command) =>
    command.option("--drop <service.VARIABLE>", "let a live, undeclared variable go", collect, []);
  return [
    {
      name: "plan <manifest>",
      description: "Show what a release of the manifest would change, and why.",
      examples: ["mobius plan release-manifests/2026-11-26-staging.yaml", "mobius plan <manifest> --detailed-exitcode"],
      options: (command) =>
        drop(environment(command)).option("--detailed-exitcode", "exit 7 where something would change"),
      run: async (context, [manifest = ""], given) =>
        (await import("./commands/plan.ts")).plan(context, {
          manifest,
          ...environmentOf(given),
          isExitCodeDetailed: given.detailedExitcode === true,
          drop: given.drop as string[],
        }),
    },
    {
      name: "render <manifest>",
      description: "Print the Cloud Build configuration of the manifest's environment.",
      examples: ["mobius render <manifest> > cloudbuild.staging.yaml"],
      run: async (context, [manifest = ""]) => (await import("./commands/plan.ts")).render(context, manifest),
    },
    {
      name: "release <manifest>",
      description: "Release the manifest and follow it to its end.",
      examples: ["mobius release <manifest>", "mobius release <manifest> --plan 3f2a9c11d0e4"],
      options: (command) =>
        drop(environment(command)).option("--plan <digest>", "only if the plan still has this digest"),
      run: async (context, [manifest = ""], given) =>
        (await import("./commands/release.ts")).release(context, {
          manifest,
          ...environmentOf(given),
          ...(given.plan === undefined ? {} : { plan: String(given.plan) }),
          drop: given.drop as string[],
        }),
    },
    {
      name: "status [release]",
      description: "List the releases, newest first, or show one.",
      examples: ["mobius status", "mobius status REL-7 --json"],
      run: async (context, [release]) => (await import("./commands/status.ts")).status(context, release),
    },
    {
      name: "watch [release]",
      description: "Follow a release to its end: the one under way, or the next one. Exits as it ends.",
      examples: ["mobius watch", "mobius watch REL-7"],
      run: async (context, [release]) => (await import("./commands/status.ts")).watch(context, release),
    },
    {
      name: "logs [release]",
      description: "Print what a release said (without a name the newest), or its build's log.",
      examples: ["mobius logs", "mobius logs REL-7 --phase migrate", "mobius logs REL-7 --build"],
      options: (command) =>
        command
          .option("--phase <phase>", "only this phase")
          .option("--subject <subject>", "only this module or image")
          .option("--build", "the whole log of its build"),
      run: async (context, [release], { phase, subject, build }) =>
        (await import("./commands/status.ts")).logs(context, {
          ...(release === undefined ? {} : { release }),
          ...(phase === undefined ? {} : { phase: String(phase) }),
          ...(subject === undefined ? {} : { subject: String(subject) }),
          what: build === true ? "build" : "release",
        }),
    },
    {
      name: "explain [release]",
      description: "Say in one screen why a release (without a name the newest) is as it is, and what can be done.",
      examples: ["mobius explain", "mobius explain REL-7"],
      run: async (context, [release]) => (await import("./commands/status.ts")).explainRelease(context, release),
    },
    {
      name: "cancel [release]",
      description: "Stop a release (without a name the only one that has not ended); what it began is put back first.",
      examples: ['mobius cancel REL-7 --reason "wrong manifest"'],
      options: (command) => command.option("--reason <reason>", "why", "no reason given"),
      run: async (context, [release], { reason }) =>
        (await import("./commands/status.ts")).cancel(context, release, String(reason)),
    },
  ];
}
