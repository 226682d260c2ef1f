import { type CommandDefinition, collect } from "./command-definition.ts";
import { untilOf } from "./until.ts";

const TOKEN = { name: "token", description: "People who may use this server, and their tokens." } as const;

/** What people decide: about a release that waits, about an environment, and about one another. */
export function decisionCommands(): readonly CommandDefinition[] {
  return [...releaseDecisions(), ...environmentDecisions(), ...tokenCommands()];
}

function releaseDecisions(): readonly CommandDefinition[] {
  return [
    {
      name: "approve <release>",
      description: "Agree to the plan of a release that somebody else asked for; it goes on by itself.",
      examples: ["mobius approve REL-9 --as grace", "mobius approve REL-9 --plan 3f2a9c11d0e4"],
      options: (command) =>
        command
          .option("--plan <digest>", "only if it is this plan")
          .option("--comment <text>", "what the record is to say", ""),
      run: async (context, [release = ""], { plan, comment }) =>
        (await import("./commands/decide.ts")).approve(context, {
          release,
          comment: String(comment),
          ...(plan === undefined ? {} : { plan: String(plan) }),
        }),
    },
    {
      name: "reject <release>",
      description: "End a release that waits.",
      examples: ['mobius reject REL-9 --reason "not before the talk" --as grace'],
      options: (command) => command.requiredOption("--reason <reason>", "why"),
      run: async (context, [release = ""], { reason }) =>
        (await import("./commands/decide.ts")).reject(context, release, String(reason)),
    },
    {
      name: "promote [release]",
      description: "Bring what an environment has proved to the next: same commits, same images, that one's values.",
      examples: [
        "mobius promote --latest --to production",
        "mobius promote REL-7 --to production --dry-run",
        "mobius promote REL-7 --to production --set redis_url=redis://redis.prod.internal:6379/0",
      ],
      options: (command) =>
        command
          .requiredOption("--to <environment>", "where it is brought to")
          .option("--latest", "what the environment before has now")
          .option("--set <override=value>", "the value of an override there", collect, [])
          .option("--plan <digest>", "only if the plan still has this digest")
          .option("--dry-run", "show the manifest's changes and the plan, and do nothing"),
      run: async (context, [release], { to, latest, set, plan, dryRun }) =>
        (await import("./commands/promote.ts")).promote(context, {
          to: String(to),
          set: set as string[],
          kind: dryRun === true ? "plan" : "promote",
          ...(release === undefined ? {} : { release }),
          ...(latest === true ? { latest } : {}),
          ...(plan === undefined ? {} : { plan: String(plan) }),
        }),
    },
    {
      name: "rollback <environment>",
      description: "Give the traffic of an environment back to an earlier set, and hold it there.",
      examples: [
        "mobius rollback production",
        "mobius rollback production --to REL-7",
        "mobius rollback staging --dry-run",
      ],
      options: (command) =>
        command
          .option("--to <release>", "the release whose set comes back (default: the proven one before)")
          .option("--plan <digest>", "only if the plan still has this digest")
          .option("--dry-run", "show the plan and do nothing"),
      run: async (context, [environment = ""], { to, plan, dryRun }) =>
        (await import("./commands/rollback.ts")).rollback(context, {
          environment,
          kind: dryRun === true ? "plan" : "rollback",
          ...(to === undefined ? {} : { to: String(to) }),
          ...(plan === undefined ? {} : { plan: String(plan) }),
        }),
    },
  ];
}

function environmentDecisions(): readonly CommandDefinition[] {
  return [
    {
      name: "hold <environment>",
      description: "Keep the releases of an environment back until somebody resumes.",
      examples: ['mobius hold production --reason "looking into REL-9"'],
      options: (command) =>
        command
          .requiredOption("--reason <reason>", "why")
          .option("--until <time>", "when it ends by itself: a time (RFC 3339), or 36h or 10d from now"),
      run: async (context, [environment = ""], { reason, until }) =>
        (await import("./commands/decide.ts")).hold(context, environment, {
          reason: String(reason),
          ...(until === undefined ? {} : { until: untilOf(context, String(until)) }),
        }),
    },
    {
      name: "resume <environment>",
      description: "Lift what holds an environment, a rollback's hold too.",
      examples: ['mobius resume production --reason "mended by REL-10"'],
      options: (command) => command.requiredOption("--reason <reason>", "why"),
      run: async (context, [environment = ""], { reason }) =>
        (await import("./commands/decide.ts")).resume(context, environment, String(reason)),
    },
    {
      name: "drift <environment>",
      description:
        "Show how what is live differs from what was released, take it back or declare it; exits 7 where it differs.",
      examples: [
        "mobius drift production",
        "mobius drift production --adopt --write",
        'mobius drift production --revert --reason "changed by hand"',
        'mobius drift production --ignore "service mobius-rag: traffic" --until 10d --reason "a test"',
      ],
      options: (command) =>
        command
          .option("--adopt", "show how mobius.yaml or the manifest would say what is live")
          .option("--write", "with --adopt: write that into the umbrella's folder")
          .option("--revert", "make services, traffic and jobs be as they were released again")
          .option("--ignore <difference>", "let this difference be")
          .option("--until <time>", "until when: a time (RFC 3339), or 36h or 10d from now")
          .option("--reason <reason>", "why"),
      run: async (context, [environment = ""], { adopt, write, revert, ignore, until, reason }) => {
        if (adopt === true) {
          const { adoptDrift } = await import("./commands/adopt-drift.ts");
          return adoptDrift(context, { environment, action: write === true ? "write" : "show" });
        }
        const commands = await import("./commands/drift.ts");
        if (revert === true) return commands.revertDrift(context, environment, String(reason ?? ""));
        if (ignore === undefined) return commands.drift(context, environment);
        const body = { drift: String(ignore), until: untilOf(context, String(until)), reason: String(reason ?? "") };
        return commands.ignoreDrift(context, environment, body);
      },
    },
    {
      name: "freeze <environment>",
      description: "Release nothing to an environment until a moment; or lift that, or let one release through.",
      examples: [
        'mobius freeze production --until 2027-01-02T00:00:00Z --reason "holidays"',
        'mobius freeze production --lift freeze --reason "back early"',
        'mobius freeze production --except REL-9 --reason "it mends the log-in"',
      ],
      options: (command) =>
        command
          .requiredOption("--reason <reason>", "why")
          .option("--until <time>", "when it ends: a time (RFC 3339), or 36h or 10d from now")
          .option("--name <name>", "what it is called", "freeze")
          .option("--lift <name>", "end the freeze of this name that a person set")
          .option("--except <release>", "let this release through every freeze that keeps it back"),
      run: async (context, [environment = ""], { reason, until, name, lift, except }) =>
        (await import("./commands/decide.ts")).freeze(context, {
          environment,
          reason: String(reason),
          name: String(name),
          ...(until === undefined ? {} : { until: untilOf(context, String(until)) }),
          ...(lift === undefined ? {} : { lift: String(lift) }),
          ...(except === undefined ? {} : { except: String(except) }),
        }),
    },
  ];
}

function tokenCommands(): readonly CommandDefinition[] {
  return [
    {
      name: "create <person>",
      group: TOKEN,
      description: "Give a person roles and a token, in place of an earlier one.",
      examples: ["mobius token create grace --role approver", "mobius token create grace --role approver --keep"],
      options: (command) =>
        command
          .requiredOption("--role <role>", "a role; may be given more than once", collect, [])
          .option("--keep", "keep it in this account's state folder for --as, and do not print it"),
      run: async (context, [person = ""], { role, keep }) =>
        (await import("./commands/token.ts")).createToken(context, {
          person,
          roles: role as string[],
          kept: keep === true ? "here" : "nowhere",
        }),
    },
    {
      name: "list",
      group: TOKEN,
      description: "List the people, their roles and until when their tokens are good.",
      examples: ["mobius token list"],
      run: async (context) => (await import("./commands/token.ts")).listTokens(context),
    },
    {
      name: "revoke <person>",
      group: TOKEN,
      description: "Take a person's token and roles, at once.",
      examples: ["mobius token revoke grace"],
      run: async (context, [person = ""]) => (await import("./commands/token.ts")).revokeToken(context, person),
    },
  ];
}
