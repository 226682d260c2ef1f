import { type Command, Option } from "commander";
import type { ProblemFormat } from "../core/values/render-problems.ts";
import { type CommandDefinition, collect } from "./command-definition.ts";

const MANIFEST = { name: "manifest", description: "Make, pin and compare manifests." } as const;
const BUILD = { name: "build", description: "Builds, and build configurations." } as const;

/** Commands that work on the umbrella's files and need no server. */
export function fileCommands(): readonly CommandDefinition[] {
  return [
    {
      name: "validate [files...]",
      description: "Check the platform file, manifests and build files; all problems at once.",
      examples: ["mobius validate", "mobius validate release-manifests/2026-11-26-staging.yaml --format github"],
      options: (command) =>
        command.addOption(new Option("--format <format>").choices(["text", "json", "github", "sarif"]).default("text")),
      run: async (context, [files], { format }) =>
        (await import("./commands/validate.ts")).validate(context, {
          files: (files ?? []) as unknown as readonly string[],
          format: format as ProblemFormat,
        }),
    },
    ...manifestCommands(),
    {
      name: "lint <file>",
      group: BUILD,
      needs: "anywhere",
      description: "Say what of a build file would be refused, unsafe or different on Google.",
      examples: ["mobius build lint cloudbuild.staging.yaml", "mobius build lint cloudbuild.staging.yaml --fix"],
      options: (command) => command.option("--fix", "mend in place what can be mended"),
      run: async (context, [file = ""], { fix }) =>
        (await import("./commands/build-lint.ts")).buildLint(context, {
          file,
          action: fix === true ? "fix" : "report",
        }),
    },
  ];
}

function manifestCommands(): readonly CommandDefinition[] {
  const ref = (command: Command) =>
    command.option("--ref <module=ref>", "a module's commit, tag or branch", collect, []);
  return [
    {
      name: "new <environment>",
      group: MANIFEST,
      description: "Write a manifest that names every module at its default branch, or at the refs given.",
      examples: [
        "mobius manifest new staging",
        "mobius manifest new staging --from release-manifests/2026-11-20-staging.yaml",
        "mobius manifest new staging --ref mobius-chat=v1.4.0 --name 2026-11-27-staging",
      ],
      options: (command) =>
        ref(command)
          .option("--from <manifest>", "take migrations, flags, overrides and verification from an earlier one")
          .option("--name <release_id>", "instead of date and environment"),
      run: async (context, [environment = ""], { name, from, ref: refs }) =>
        (await import("./commands/manifest.ts")).manifestNew(context, {
          environment,
          ...(name === undefined ? {} : { name: String(name) }),
          ...(from === undefined ? {} : { from: String(from) }),
          refs: Object.fromEntries((refs as string[]).map((pair) => pair.split("=", 2) as [string, string])),
        }),
    },
    {
      name: "pin <manifest>",
      group: MANIFEST,
      description: "Replace tags, branches and short ids by full commits, in place.",
      examples: ["mobius manifest pin release-manifests/2026-11-26-staging.yaml"],
      run: async (context, [manifest = ""]) => (await import("./commands/manifest.ts")).manifestPin(context, manifest),
    },
    {
      name: "diff <from> <to>",
      group: MANIFEST,
      description: "Compare two manifests by meaning; exit 7 where they differ.",
      examples: ["mobius manifest diff release-manifests/a-staging.yaml release-manifests/b-staging.yaml"],
      run: async (context, [from = "", to = ""]) =>
        (await import("./commands/manifest.ts")).manifestDiff(context, from, to),
    },
  ];
}
