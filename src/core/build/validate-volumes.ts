import type { BuildConfig, BuildVolume } from "./build-config.ts";
import { cleanPath } from "./step-context.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const RESERVED: ReadonlySet<string> = new Set(["/workspace", "/builder/home", "/var/run/docker.sock"]);

/**
 * Complaints about volumes. The rules are the archived local builder's; of the messages only those on too few users are
 * known to the letter.
 */
export function checkVolumes(config: BuildConfig): string | undefined {
  const complaint = checkGlobal(config) ?? checkSteps(config) ?? checkUses(config);
  return complaint === undefined ? undefined : `invalid .volumes field: ${complaint}`;
}

function checkGlobal({ options, steps }: BuildConfig): string | undefined {
  const volumes = options?.volumes ?? [];
  if (volumes.length === 0) return undefined;
  if (steps.length < 2) return "Global volumes defined but there are fewer than two steps";
  return checkList("build options", volumes, []);
}

function checkSteps({ options, steps }: BuildConfig): string | undefined {
  for (const [index, step] of steps.entries()) {
    const place = `build step #${index} - ${JSON.stringify(step.id ?? "")}`;
    const complaint = checkList(place, step.volumes ?? [], options?.volumes ?? []);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** A volume is there to be shared. */
function checkUses({ steps }: BuildConfig): string | undefined {
  const uses = new Map<string, number>();
  for (const { name } of steps.flatMap((step) => step.volumes ?? [])) uses.set(name, (uses.get(name) ?? 0) + 1);
  const lonely = [...uses].find(([, count]) => count < 2)?.[0];
  return lonely === undefined ? undefined : `Volume ${JSON.stringify(lonely)} is only used by one step`;
}

function checkList(place: string, volumes: readonly BuildVolume[], others: readonly BuildVolume[]): string | undefined {
  const names = new Set(others.map(({ name }) => name));
  const paths = new Set(others.map(({ path }) => cleanPath(path)));
  for (const { name = "", path = "" } of volumes) {
    const [shownName, shownPath] = [JSON.stringify(name), JSON.stringify(path)];
    if (!NAME.test(name)) return `${place}: volume name ${shownName} must match ${JSON.stringify(NAME.source)}`;
    const complaint = checkPath(path);
    if (complaint !== undefined) return `${place}: volume path ${shownPath} ${complaint}`;
    if (names.has(name)) return `${place}: the volumes entry contains duplicate names (${shownName})`;
    if (paths.has(cleanPath(path))) return `${place}: the volumes entry contains duplicate paths (${shownPath})`;
    names.add(name);
    paths.add(cleanPath(path));
  }
  return undefined;
}

/** A folder beneath `/workspace` is allowed, `/workspace` itself is not. */
function checkPath(path: string): string | undefined {
  if (!path.startsWith("/")) return "is not valid, must be absolute";
  const clean = cleanPath(path);
  if (RESERVED.has(clean)) return "is reserved";
  if (clean.startsWith("/cloudbuild/")) return "cannot start with /cloudbuild/";
  return clean === "/" ? "is reserved" : undefined;
}
