import { readYaml } from "../yaml/read-yaml.ts";
import { nameOf, type UmbrellaModule } from "./umbrella-modules.ts";

/** A folder of the umbrella that may be a module, with what speaks for it. */
export interface UmbrellaFolder {
  /** `.` for the umbrella itself. */
  readonly path: string;
  /** Names of its files and folders. */
  readonly entries: readonly string[];
  /** Texts of `package.json` and `cloudbuild.yaml`, where they are there. */
  readonly packageJson?: string;
  readonly cloudBuild?: string;
  /** Names in its folder `scripts`. */
  readonly scripts: readonly string[];
}

/** What a module is called, where it is, and what image its folder gives. */
export interface FolderModule {
  readonly name: string;
  readonly path: string;
  readonly url?: string;
  readonly image?: FolderImage;
  readonly notes: readonly string[];
}

export interface FolderImage {
  /** As the build file calls it, or as the module. */
  readonly key: string;
  readonly build:
    | { readonly dockerfile: string; readonly context: string }
    | { readonly source: { readonly include: readonly string[]; readonly command: readonly string[] } };
}

/** Whether the folder is one that a module could be: it has something to build, or a repository of its own. */
export function isModuleFolder({ entries }: UmbrellaFolder): boolean {
  return entries.some((name) => /^(Dockerfile(\..+)?|package\.json|cloudbuild(\..+)?\.ya?ml|\.git)$/.test(name));
}

/** The module of a folder; `umbrella` are those that `.gitmodules` names, `platform` is what the umbrella itself is called. */
export function moduleOf(folder: UmbrellaFolder, umbrella: readonly UmbrellaModule[], platform: string): FolderModule {
  const submodule = umbrella.find(({ path }) => path === folder.path);
  const name = submodule?.name ?? nameOf(folder.path === "." ? platform : folder.path);
  const image = imageOf(folder, name);
  const isStray = submodule === undefined && folder.path !== "." && folder.entries.includes(".git");
  const script = folder.scripts.find((each) => /deploy.*\.sh$/.test(each));
  return {
    name,
    path: folder.path,
    ...(submodule === undefined ? {} : { url: submodule.url }),
    ...(image === undefined ? {} : { image }),
    notes: [
      ...(isStray ? [`${folder.path} is a repository that .gitmodules does not name: add repository`] : []),
      ...(submodule?.url.startsWith("../")
        ? [`${submodule.url} is relative to the umbrella's remote for git, and to its folder here: write it out`]
        : []),
      ...(script === undefined
        ? []
        : [`it has a script of its own: mobius doctor scripts ${name} --script scripts/${script} --env staging`]),
    ],
  };
}

function imageOf(folder: UmbrellaFolder, name: string): FolderImage | undefined {
  const dockerfiles = folder.entries.filter((entry) => /^Dockerfile(\..+)?$/.test(entry)).sort();
  const built = folder.cloudBuild === undefined ? undefined : builtBy(folder.cloudBuild);
  const [dockerfile] = dockerfiles;
  if (dockerfile !== undefined || built?.dockerfile !== undefined) {
    const file = built?.dockerfile ?? dockerfile ?? "Dockerfile";
    const context = built?.context ?? ".";
    // Docker takes the file from where it is called, the platform file from the context.
    const within = file.startsWith(`${context}/`) ? file.slice(context.length + 1) : file;
    return { key: built?.image ?? name, build: { dockerfile: within, context } };
  }
  const command = startCommand(folder.packageJson);
  if (command === undefined) return undefined;
  return { key: built?.image ?? name, build: { source: { include: ["."], command } } };
}

/** The image that a build file makes, where it says so without a substitution in its name. */
function builtBy(text: string): { image?: string; dockerfile?: string; context?: string } | undefined {
  const read = readYaml(text, "cloudbuild.yaml");
  if (!read.ok) return undefined;
  const { steps, images } = read.value.value as { steps?: unknown; images?: unknown };
  const args = (Array.isArray(steps) ? steps : []).flatMap((step): string[][] => {
    const given = (step as { args?: unknown } | undefined)?.args;
    return Array.isArray(given) && given[0] === "build" ? [given.map(String)] : [];
  })[0];
  const tag = option(args, ["-t", "--tag"]) ?? (Array.isArray(images) ? String(images[0] ?? "") : "");
  const image = /\/([a-z0-9][a-z0-9._-]*)(?:[:@][^/]*)?$/.exec(tag)?.[1];
  const dockerfile = option(args, ["-f", "--file"])?.replace(/^\.\//, "");
  const last = args
    ?.at(-1)
    ?.replace(/^\.\/(?=.)/, "")
    .replace(/\/+$/, "");
  return {
    ...(image === undefined ? {} : { image: nameOf(image) }),
    ...(isPath(dockerfile) ? { dockerfile } : {}),
    ...(isPath(last) ? { context: last } : {}),
  };
}

function option(args: readonly string[] | undefined, names: readonly string[]): string | undefined {
  const at = args?.findIndex((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`))) ?? -1;
  if (args === undefined || at < 0) return undefined;
  return args[at]?.includes("=") === true ? args[at]?.slice(args[at].indexOf("=") + 1) : args[at + 1];
}

function isPath(text: string | undefined): text is string {
  return text !== undefined && /^[\w.][\w./-]*$/.test(text) && !/(^|\/)\.\.(\/|$)/.test(text);
}

function startCommand(packageJson: string | undefined): readonly string[] | undefined {
  if (packageJson === undefined) return undefined;
  const read = readYaml(packageJson, "package.json");
  const value = read.ok ? (read.value.value as { scripts?: { start?: unknown } }) : {};
  const start = value.scripts?.start;
  return typeof start === "string" && /^[\w./@-]+( [\w./@=-]+)*$/.test(start) ? start.split(" ") : undefined;
}
