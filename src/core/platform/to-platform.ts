import type {
  BuiltImage,
  Check,
  Environment,
  GitSettings,
  ImageEntry,
  Module,
  Notifications,
  Platform,
  Service,
} from "./platform.ts";
import type { PlatformShape } from "./platform-schema.ts";

/** From the file's shape to the catalogue: keys become names, alternatives become variants. */
export function toPlatform(shape: PlatformShape): Platform {
  return {
    name: shape.platform,
    git: gitSettings(shape.git),
    modules: mapEntries(shape.modules, toModule),
    images: mapEntries(shape.images, toImage),
    services: mapEntries(shape.services, toService),
    environments: mapEntries(shape.environments, toEnvironment),
    flags: mapEntries(shape.flags, (name, { type }) => ({ name, type })),
    overrides: mapEntries(shape.overrides, (name, { type }) => ({ name, type })),
    checks: shape.checks.map((check, index) => toCheck(check, `checks[${index}]`)),
    notifications: toNotifications(shape.notifications),
  };
}

function mapEntries<A, B>(entries: Readonly<Record<string, A>>, to: (name: string, entry: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, to(name, entry)]));
}

/** Drops members that are `undefined`: an absent setting is no member at all. */
function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function gitSettings(git: PlatformShape["git"]): GitSettings {
  const { umbrella, credentials, writeBack } = git;
  return {
    ...(umbrella === undefined ? {} : { umbrella }),
    ...(credentials === undefined ? {} : { credentials: toCredentials(credentials) }),
    writeBack: writeBack === "none" ? { kind: "none" } : { kind: "branch", branch: writeBack },
  };
}

function toCredentials(
  credentials: NonNullable<PlatformShape["git"]["credentials"]>,
): NonNullable<GitSettings["credentials"]> {
  if ("token" in credentials) return { kind: "token", secret: credentials.token };
  if ("sshKey" in credentials) {
    return { kind: "ssh-key", secret: credentials.sshKey, knownHosts: credentials.knownHosts };
  }
  const { appId, installationId, privateKey } = credentials.githubApp;
  return { kind: "github-app", appId, installationId, secret: privateKey };
}

function toModule(name: string, shape: PlatformShape["modules"][string]): Module {
  const { repository, inputs, script, migrations } = shape;
  return {
    name,
    source: repository === undefined ? { kind: "umbrella" } : { kind: "repository", url: repository },
    path: shape.path.replace(/\/+$/, "") || ".",
    inputs: inputs.map((input) =>
      input.startsWith("umbrella:")
        ? { kind: "umbrella", path: input.slice("umbrella:".length) }
        : { kind: "module", module: input },
    ),
    ...(script === undefined ? {} : { script }),
    ...(migrations === undefined
      ? {}
      : {
          migrations: {
            database: migrations.database,
            kinds: migrations.kind,
            directory: migrations.directory,
            when: migrations.when,
          },
        }),
  };
}

function toImage(name: string, shape: PlatformShape["images"][string]): ImageEntry {
  if ("sameAs" in shape) return { kind: "same-as", name, image: shape.sameAs };
  return {
    kind: "built",
    name,
    module: shape.module,
    repository: shape.repository ?? name,
    build: toBuild(shape.build),
  };
}

function toBuild(build: Extract<PlatformShape["images"][string], { module: string }>["build"]): BuiltImage["build"] {
  if ("source" in build) return { kind: "source", ...build.source };
  const context =
    build.context === "umbrella" ? { kind: "umbrella" as const } : { kind: "module" as const, path: build.context };
  return { kind: "dockerfile", dockerfile: build.dockerfile, context };
}

function toService(name: string, shape: PlatformShape["services"][string]): Service {
  const { timeout, ...run } = shape.run;
  const secrets = mapEntries(shape.secrets, (_name, reference) => {
    const [secret = "", version = ""] = reference.split(":");
    return { secret, version };
  });
  return {
    name,
    image: shape.image,
    role: shape.role,
    run: compact({ ...run, timeoutSeconds: timeout }) as Service["run"],
    env: shape.env,
    secrets,
    health: shape.health,
    ...(shape.pool === undefined ? {} : { pool: shape.pool }),
    ...(shape.rehearsal === undefined ? {} : { rehearsal: shape.rehearsal }),
    checks: shape.checks.map((check, index) => toCheck(check, `services.${name}.checks[${index}]`)),
  };
}

function toCheck(shape: PlatformShape["checks"][number], name: string): Check {
  if ("roundTrip" in shape) {
    const { within, ...trip } = shape.roundTrip;
    return { kind: "round-trip", name, tries: shape.tries, withinMs: within, ...trip };
  }
  const { latency, body, ...expect } = shape.expect;
  return {
    kind: "http",
    name,
    url: shape.http,
    expect: {
      ...expect,
      ...(body === undefined ? {} : { body }),
      ...(latency === undefined ? {} : { latencyMs: latency }),
    },
    tries: shape.tries,
    withinMs: shape.within,
  };
}

function toEnvironment(name: string, shape: PlatformShape["environments"][string]): Environment {
  const { databases, policies, overrides, ...rest } = shape;
  return {
    ...rest,
    name,
    databases: mapEntries(databases, (database, { user, password, maxConnections }) => ({
      name: database,
      user,
      passwordSecret: password,
      ...(maxConnections === undefined ? {} : { maxConnections }),
    })),
    policies: toPolicies(policies),
    ...(overrides === undefined ? {} : { overrides }),
  };
}

function toPolicies(shape: PlatformShape["environments"][string]["policies"]): Environment["policies"] {
  const { promoteFrom, approvals, freezes, soak, checklist, queue, rehearsal, canary, retention } = shape;
  return {
    freezes,
    soakMs: soak,
    queue,
    rehearsal,
    ...(promoteFrom === undefined ? {} : { promoteFrom }),
    ...(checklist === undefined ? {} : { checklist }),
    ...(approvals === undefined
      ? {}
      : { approvals: { count: approvals.count, from: approvals.from, expiresMs: approvals.expires } }),
    ...(canary === undefined ? {} : { canary: toCanary(canary) }),
    ...(retention === undefined
      ? {}
      : {
          retention: compact({
            releases: retention.releases,
            backupsMs: retention.backups,
            imagesMs: retention.images,
          }),
        }),
  };
}

type CanaryShape = NonNullable<PlatformShape["environments"][string]["policies"]["canary"]>;

function toCanary({ services, steps, gates }: CanaryShape): NonNullable<Environment["policies"]["canary"]> {
  const [first, ...rest] = steps.map(({ percent, bake }) => ({ percent, bakeMs: bake }));
  return {
    services,
    steps: first === undefined ? [{ percent: 100, bakeMs: 0 }] : [first, ...rest],
    gates: {
      minRequests: gates.minRequests,
      ...(gates.errorRate === undefined ? {} : { errorRatePercent: gates.errorRate }),
      ...(gates.latencyP95 === undefined ? {} : { latencyP95Ratio: gates.latencyP95 }),
    },
  };
}

function toNotifications({ slack, email }: PlatformShape["notifications"]): Notifications {
  return {
    ...(slack === undefined
      ? {}
      : { slack: { webhookSecret: slack.webhook, on: slack.on, environments: slack.environments } }),
    ...(email === undefined ? {} : { email: { smtpSecret: email.smtp, from: email.from, to: email.to, on: email.on } }),
  };
}
