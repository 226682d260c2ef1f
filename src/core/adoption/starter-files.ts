import { addEntries, type YamlTree } from "../yaml/add-entries.ts";
import { type FolderModule, isModuleFolder, moduleOf, type UmbrellaFolder } from "./umbrella-folders.ts";
import { nameOf, type UmbrellaModule } from "./umbrella-modules.ts";

export interface StarterRequest {
  /** The umbrella's folder's name. */
  readonly name: string;
  /** Of `.gitmodules`. */
  readonly umbrella: readonly UmbrellaModule[];
  /** The umbrella itself first, then its folders. */
  readonly folders: readonly UmbrellaFolder[];
  /** Texts of manifests that there are. */
  readonly manifests: readonly string[];
  /** File → text of the schemas that the modelines name. */
  readonly schemas: Readonly<Record<string, string>>;
}

export interface StarterFiles {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** What was guessed, and should be looked at. */
  readonly notes: readonly string[];
}

/** Environments of a new platform, with what their manifests are called. */
const ENVIRONMENTS = [
  { name: "dev", short: "dev" },
  { name: "staging", short: "staging" },
  { name: "production", short: "prod" },
] as const;
const REGION = "us-central1";
const MAX_SERVICE_NAME = 49;

/** The first files of a platform, made from what stands in its umbrella. */
export function starterFiles(request: StarterRequest): StarterFiles {
  const platform = nameOf(request.name);
  const modules = modulesOf(request, platform);
  const built = modules.flatMap(({ name, image }) => (image === undefined ? [] : [{ module: name, ...image }]));
  const images = built.filter(({ key }, index) => built.findIndex((each) => each.key === key) === index);
  const projects = projectsIn(request.manifests);
  const notes = [
    ...modules.flatMap(({ name, notes: own }) => own.map((note) => `modules.${name}: ${note}`)),
    ...images.map(
      ({ key }) => `services.${key}: every image got a service of its name; correct its settings, or mobius import it`,
    ),
    ...ENVIRONMENTS.filter(({ name }) => projects[name] === undefined).map(
      ({ name }) => `environments.${name}: its project and identities are made up; correct them`,
    ),
  ];
  const text = addEntries(`# yaml-language-server: $schema=./schemas/mobius.schema.json\nplatform: ${platform}\n`, [
    ...entries("modules", modules.map(moduleEntry)),
    ...entries(
      "images",
      images.map(({ key, module, build }) => [key, { module, build: { ...build } }]),
    ),
    ...entries(
      "services",
      images.flatMap(({ key }) => (isServiceName(key) ? [[key, { image: key }] as const] : [])),
    ),
    ...entries(
      "environments",
      ENVIRONMENTS.map((each) => environmentEntry(platform, each, projects[each.name])),
    ),
  ]);
  return {
    files: [
      { path: "mobius.yaml", text },
      ...ENVIRONMENTS.map(({ short }) => ({
        path: `release-manifests/${short}-release-template.yaml`,
        text: manifestTemplate(short, modules),
      })),
      ...Object.entries(request.schemas).map(([name, schema]) => ({ path: `schemas/${name}`, text: schema })),
    ],
    notes,
  };
}

function entries(section: string, list: readonly (readonly [string, YamlTree])[]) {
  return list.map(([name, value]) => ({ path: [section, name] as const, value }));
}

/** Folders that can be built, submodules that are not checked out, and modules that manifests name. */
function modulesOf({ umbrella, folders, manifests }: StarterRequest, platform: string): readonly FolderModule[] {
  const byName = new Map<string, FolderModule>();
  const add = (module: FolderModule) => {
    const known = byName.get(module.name);
    if (known?.path === module.path) return;
    // Two folders of one name in different places: the whole path tells them apart.
    const name = known === undefined ? module.name : nameOf(module.path.replaceAll("/", "-"));
    if (!byName.has(name)) byName.set(name, { ...module, name });
  };
  for (const { name, path, url } of umbrella) {
    const folder = folders.find((each) => each.path === path) ?? { path, entries: [], scripts: [] };
    add({ ...moduleOf(folder, umbrella, platform), name, path, url });
  }
  for (const folder of folders) {
    const isTop = folder.path === ".";
    const entriesOfOwn = folder.entries.filter((entry) => !(isTop && entry === ".git"));
    if (isModuleFolder({ ...folder, entries: entriesOfOwn }))
      add(moduleOf({ ...folder, entries: entriesOfOwn }, umbrella, platform));
  }
  for (const name of manifests.flatMap(commitKeys)) {
    if ([...byName.keys()].some((known) => known.toLowerCase() === name.toLowerCase())) continue;
    add({
      name,
      path: name,
      notes: ["a manifest names it, and the umbrella has no such folder: correct path, and add repository"],
    });
  }
  return [...byName.values()];
}

function moduleEntry({ name, path, url }: FolderModule): readonly [string, YamlTree] {
  return [name, url === undefined ? { path } : { repository: url, path }];
}

function environmentEntry(
  platform: string,
  { name, short }: (typeof ENVIRONMENTS)[number],
  project: string | undefined,
): readonly [string, YamlTree] {
  const own = project ?? `${platform.toLowerCase().replace(/[^a-z0-9-]+/g, "-")}-${short}`;
  const identities = Object.fromEntries(
    ["build", "deploy", "migrate", "runtime"].map((role) => [role, `mobius-${role}-${short}`]),
  );
  return [
    name,
    {
      project: own,
      ...(short === name ? {} : { aliases: { names: [short] } }),
      region: REGION,
      cloud: "embedded",
      registry: `gcr.io/${own}`,
      identities,
      ...(name === "production" ? { policies: { promoteFrom: "staging" } } : {}),
    },
  ];
}

function isServiceName(key: string): boolean {
  return /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(key) && key.length <= MAX_SERVICE_NAME;
}

/** The specification's fields, with placeholders that are refused until they are filled in. */
function manifestTemplate(short: string, modules: readonly FolderModule[]): string {
  const own = modules.filter(({ url }) => url !== undefined);
  return [
    "# yaml-language-server: $schema=../schemas/release-manifest.schema.json",
    "# Copy to YYYY-MM-DD-<environment>.yaml, or let it be made: mobius manifest new",
    `release_id: YYYY-MM-DD-${short}`,
    'description: "<what this release is for>"',
    "",
    "# Module: commit, tag or branch. What is not named stays as it is.",
    ...(own.length === 0 ? ["commits: {}"] : ["commits:", ...own.map(({ name }) => `  ${name}: "<sha-or-tag>"`)]),
    "",
    "# Built from the commits; an image that is pushed already is named with its digest.",
    "images: {}",
    "migrations: {}",
    "feature_flags: {}",
    "env_overrides: {}",
    "notes: []",
    "",
  ].join("\n");
}

function commitKeys(manifest: string): readonly string[] {
  const [, block = ""] = /^commits:[^\n]*\n((?:[ \t]+[^\n]*\n?|#[^\n]*\n|\n)*)/m.exec(manifest) ?? [];
  return [...block.matchAll(/^[ \t]+([a-zA-Z][\w.-]*):/gm)].map((match) => match[1] ?? "");
}

/** Projects of environments, as the images of a manifest whose id ends in the environment's name say. */
function projectsIn(manifests: readonly string[]): Readonly<Record<string, string>> {
  const projects: Record<string, string> = {};
  for (const text of manifests) {
    const [, ending] = /^release_id:\s*["']?[\w.-]*-(dev|staging|prod|production)["']?\s*$/m.exec(text) ?? [];
    const [, project] =
      /^[ \t]+[\w.-]+:\s*["']?(?:[a-z.]*gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)\/([a-z][a-z0-9-]+)\//m.exec(text) ?? [];
    const environment = ENVIRONMENTS.find(({ name, short }) => ending === name || ending === short);
    const isTaken = project === undefined || Object.values(projects).includes(project);
    if (environment !== undefined && !isTaken) projects[environment.name] ??= project;
  }
  return projects;
}
