import type { RevisionTemplate } from "../plan/observed.ts";
import { PLATFORM_FILE, type Service } from "../platform/platform.ts";
import type { Adoption } from "./adoption.ts";

/** Settings that the platform file declares one by one: how a plan calls each → key of `run`, and its live value there. */
const RUN_SETTINGS: Readonly<
  Record<string, readonly [key: string, live: (template: RevisionTemplate) => NonNullable<Adoption["value"]>]>
> = {
  command: ["command", ({ command }) => command],
  args: ["args", ({ args }) => args],
  port: ["port", ({ port }) => port],
  memory: ["memory", ({ memory }) => memory],
  cpu: ["cpu", ({ cpu }) => cpu],
  "CPU throttling": ["cpuThrottling", ({ cpuThrottling }) => cpuThrottling],
  "min instances": ["minInstances", ({ minInstances }) => minInstances],
  "max instances": ["maxInstances", ({ maxInstances }) => maxInstances],
  concurrency: ["concurrency", ({ concurrency }) => concurrency],
  timeout: ["timeout", ({ timeoutSeconds }) => `${timeoutSeconds}s`],
};

const REASONS: Readonly<Record<string, string>> = {
  image: "An image comes of a commit: put the commit into a manifest, and release that.",
  "service account": "All services of an environment run as identities.runtime. Change that, or revert it.",
  "Cloud SQL instances": "What is live names instances in full, for this environment only. Declare them by hand.",
};

/** The changes that declare a setting as it is live, or why there are none. */
export function adoptedSetting(
  service: Service,
  field: string,
  template: RevisionTemplate,
): readonly Omit<Adoption, "key">[] | string {
  if (field === "health check") return adoptedHealth(service, template);
  const [key, live] = RUN_SETTINGS[field] ?? [];
  if (key === undefined || live === undefined) return REASONS[field] ?? "It is nothing that a file declares.";
  const value = live(template);
  const path = ["services", service.name, "run", key] as const;
  // Without a command the image's own is taken: no list says that.
  const isNone = Array.isArray(value) && value.length === 0;
  return [{ file: PLATFORM_FILE, path, ...(isNone ? {} : { value }) }];
}

function adoptedHealth({ name, health }: Service, { startup }: RevisionTemplate) {
  const at = (key: string) => ["services", name, "health", key] as const;
  return [
    ...(health.path === startup.path ? [] : [{ file: PLATFORM_FILE, path: at("path"), value: startup.path }]),
    ...(health.startupSeconds === startup.withinSeconds
      ? []
      : [{ file: PLATFORM_FILE, path: at("startupSeconds"), value: startup.withinSeconds }]),
  ];
}
