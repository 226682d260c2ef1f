import type { CommandDefinition } from "./command-definition.ts";

const NOTIFICATIONS = { name: "notifications", description: "Slack, e-mail and programs that are told." } as const;

/** Commands about who is told of releases and builds. */
export function notificationCommands(): readonly CommandDefinition[] {
  const commands = () => import("./commands/notifications.ts");
  return [
    {
      name: "channels",
      group: NOTIFICATIONS,
      description: "Where notifications go, and how that is going.",
      examples: ["mobius notifications channels", "mobius notifications channels --json"],
      run: async (context) => (await commands()).listChannels(context),
    },
    {
      name: "list",
      group: NOTIFICATIONS,
      description: "Messages of the last days, newest first.",
      examples: ["mobius notifications list", "mobius notifications list --failed --json"],
      options: (command) => command.option("--failed", "only those that were given up"),
      run: async (context, _args, given) =>
        (await commands()).listMessages(context, given.failed === true ? "failed" : undefined),
    },
    {
      name: "test <channel>",
      group: NOTIFICATIONS,
      description: "Send a test message now, to slack or email, and say what came of it.",
      examples: ["mobius notifications test slack", "mobius notifications test email --env production"],
      options: (command) => command.option("--env <environment>", "whose secret holds the address; default: the first"),
      run: async (context, [channel = ""], given) =>
        (await commands()).testChannel(context, channel, given.env === undefined ? undefined : String(given.env)),
    },
    {
      name: "retry [message]",
      group: NOTIFICATIONS,
      description: "Send a message again that was given up, or all of them.",
      examples: ["mobius notifications retry", "mobius notifications retry REL-7/12@slack"],
      run: async (context, [message]) => (await commands()).sendAgain(context, message),
    },
    {
      name: "subscribe <url>",
      group: NOTIFICATIONS,
      description:
        "Push every new status of an environment's builds to an address, in the shape of Pub/Sub's messages.",
      examples: ["mobius notifications subscribe https://builds.example.com/push --env staging"],
      options: (command) => command.requiredOption("--env <environment>", "whose builds"),
      run: async (context, [url = ""], given) => (await commands()).subscribe(context, url, String(given.env)),
    },
    {
      name: "unsubscribe <subscription>",
      group: NOTIFICATIONS,
      description: "End a subscription; its id stands in the list of channels.",
      examples: ["mobius notifications unsubscribe push/0a1b2c3d4e5f"],
      run: async (context, [subscription = ""]) => (await commands()).unsubscribe(context, subscription),
    },
    {
      name: "token",
      group: NOTIFICATIONS,
      description: "Print an address and a token with which a build service tells of an environment's builds.",
      examples: ["mobius notifications token --env staging --json"],
      options: (command) => command.requiredOption("--env <environment>", "whose builds"),
      run: async (context, _args, given) => (await commands()).pushToken(context, String(given.env)),
    },
  ];
}
