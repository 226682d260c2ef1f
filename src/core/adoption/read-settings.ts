import { looksLikeCredential } from "../values/looks-like-credential.ts";
import type { YamlTree } from "../yaml/add-entries.ts";
import type { YamlPath } from "../yaml/read-yaml.ts";
import type { DescriptionShape, SettingKey, ShapeSetting } from "./description-shapes.ts";
import type { InputLeaves } from "./input-leaves.ts";

/** What an input says and the platform file does not take: where, and why. */
export type Leave = (path: YamlPath, because: string, value?: string) => void;

const MAX_HEALTH_SECONDS = 240;

/** Run settings by the platform file's names. What is set in a way that the file has no form for is left. */
export function readRun(
  leaves: InputLeaves,
  shape: DescriptionShape,
  container: YamlPath,
  leave: Leave,
): Readonly<Record<string, YamlTree>> {
  const run: Record<string, YamlTree> = {};
  for (const setting of shape.settings) {
    const path = placeOf(setting, container);
    const raw = leaves.text(path);
    if (raw === undefined) continue;
    const value = settingValue(setting.key, raw);
    if (value === undefined) leave(path, "mobius.yaml has no form for this value", raw);
    else run[setting.key] = value;
  }
  // In v2 `false` is not written: where resources are named, processors are throttled only if it says so.
  const isSilent = shape.version === "v2" && shape.kind === "service" && run.cpuThrottling === undefined;
  if (isSilent && leaves.peek([...container, "resources"]) !== undefined) run.cpuThrottling = false;
  return { ...run, ...sqlVolumes(leaves, shape, run), ...commandLine(leaves, container, leave) };
}

/** Where a service says how it is asked for its health. */
export function readHealth(leaves: InputLeaves, container: YamlPath, leave: Leave): Readonly<Record<string, YamlTree>> {
  const health: Record<string, YamlTree> = {};
  for (const probe of ["startupProbe", "livenessProbe"]) {
    const path = [...container, probe, "httpGet", "path"];
    const asked = leaves.peek(path);
    if (health.path === undefined && typeof asked === "string" && asked.startsWith("/")) {
      health.path = leaves.text(path) ?? asked;
    }
  }
  const tries = [...container, "startupProbe", "failureThreshold"];
  const period = [...container, "startupProbe", "periodSeconds"];
  const seconds = Number(leaves.peek(tries)) * Number(leaves.peek(period));
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_HEALTH_SECONDS) {
    leaves.text(tries);
    leaves.text(period);
    health.startupSeconds = seconds;
  }
  for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
    for (const rest of leaves.drain([...container, probe])) {
      leave(rest.path, "health is a path that is asked over HTTP at the service's port", rest.value);
    }
  }
  return health;
}

function placeOf(setting: ShapeSetting, container: YamlPath): YamlPath {
  return setting.in === "container" ? [...container, ...setting.path] : setting.path;
}

function settingValue(key: SettingKey, raw: string): YamlTree | undefined {
  switch (key) {
    case "memory":
      return /^\d+(Mi|Gi)$/.test(raw) ? raw : undefined;
    case "cpu":
      return processors(raw);
    case "timeout":
      return /^\d+s?$/.test(raw) && within(Number.parseInt(raw, 10), 1, 3_600)
        ? `${Number.parseInt(raw, 10)}s`
        : undefined;
    case "cpuThrottling":
    case "allowUnauthenticated":
      return /^(true|false)$/i.test(raw) ? raw.toLowerCase() === "true" : undefined;
    case "cloudsqlInstances":
      return raw === "" ? undefined : raw.split(",").map((instance) => instance.trim());
    case "port":
      return whole(raw, 1, 65_535);
    case "minInstances":
      return whole(raw, 0, 10_000);
    case "maxInstances":
      return whole(raw, 1, 10_000);
    case "concurrency":
      return whole(raw, 1, 1_000);
  }
}

function processors(raw: string): number | undefined {
  if (/^\d+m$/.test(raw)) return Number(raw.slice(0, -1)) / 1_000;
  return /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : undefined;
}

function whole(raw: string, min: number, max: number): number | undefined {
  return /^\d{1,9}$/.test(raw) && within(Number(raw), min, max) ? Number(raw) : undefined;
}

function within(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

/** In v2 databases are volumes. */
function sqlVolumes(leaves: InputLeaves, shape: DescriptionShape, run: Readonly<Record<string, YamlTree>>): object {
  const volumes = leaves.peek([...shape.pod, "volumes"]);
  if (!Array.isArray(volumes) || run.cloudsqlInstances !== undefined) return {};
  const instances = volumes.flatMap((_volume, index) => {
    const volume = [...shape.pod, "volumes", index];
    const found = leaves.texts([...volume, "cloudSqlInstance", "instances"]) ?? [];
    // The volume's own name is how the container mounts it, which the platform file says by naming the instance.
    if (found.length > 0) takeMount(leaves, shape, leaves.text([...volume, "name"]));
    return found;
  });
  return instances.length === 0 ? {} : { cloudsqlInstances: instances };
}

function takeMount(leaves: InputLeaves, shape: DescriptionShape, volume: string | undefined): void {
  const containers = leaves.peek([...shape.pod, "containers"]);
  if (!Array.isArray(containers)) return;
  for (const [index, container] of containers.entries()) {
    const mounts = (container as { volumeMounts?: unknown }).volumeMounts;
    if (!Array.isArray(mounts)) continue;
    const at = mounts.findIndex((mount) => (mount as { name?: unknown }).name === volume);
    if (at >= 0) leaves.drain([...shape.pod, "containers", index, "volumeMounts", at]);
  }
}

function commandLine(leaves: InputLeaves, container: YamlPath, leave: Leave): Readonly<Record<string, YamlTree>> {
  const line: Record<string, YamlTree> = {};
  for (const key of ["command", "args"]) {
    const words = leaves.texts([...container, key]);
    if (words === undefined || words.length === 0) continue;
    if (words.some((word) => looksLikeCredential("", word))) {
      leave([...container, key], "it holds what looks like a credential: give it as a variable with a secret");
    } else if (key === "command" && words.some((word) => word === "")) {
      leave([...container, key], "mobius.yaml has no form for a command with an empty word");
    } else line[key] = words;
  }
  return line;
}
