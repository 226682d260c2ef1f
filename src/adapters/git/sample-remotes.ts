import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { present } from "../../core/values/assert.ts";
import { readTree } from "./sample-files.ts";
import { type SampleEntry, type SampleTree, writeHistory } from "./sample-history.ts";
import { SAMPLE_REPOSITORIES, type SampleRepository, UMBRELLA_COMMITS } from "./sample-repositories.ts";

/** A commit's name in manifests, such as `mobius-chat` or `mobius-skills@next`, and its id. */
type Pins = ReadonlyMap<string, string>;

export interface RemotesRequest {
  /** Takes the bare repositories; made. */
  readonly remotes: string;
  readonly sampleRoot: string;
  readonly schemas: string;
  readonly date: string;
  /** The umbrella's folder of manifests. */
  readonly manifests: string;
  readonly renderBuildConfig?: (platformText: string, manifestFile: string) => string;
}

/** Makes the bare repositories of every module, and then the umbrella's, which names their commits. */
export async function makeRemotes(request: RemotesRequest): Promise<void> {
  await mkdir(request.remotes, { recursive: true });
  const pinned = await Promise.all(SAMPLE_REPOSITORIES.map((repository) => makeModule(request, repository)));
  await makeUmbrella(request, new Map(pinned.flat()));
}

async function makeModule(
  { remotes, sampleRoot }: RemotesRequest,
  { module, folder, remote, commits }: SampleRepository,
): Promise<readonly (readonly [string, string])[]> {
  const variants = new Map<string, SampleTree>();
  for (const { variant } of commits) {
    if (variant !== undefined) variants.set(variant, await readTree(join(sampleRoot, "variants", variant)));
  }
  const ids = await writeHistory({
    repository: join(remotes, `${remote}.git`),
    commits,
    files: await readTree(join(sampleRoot, "modules", folder)),
    variantOf: (name) => present(variants.get(name), `variant ${name}`),
  });
  // Later unnamed commits overwrite earlier ones: the last is the one that manifests pin.
  return commits.map(({ name }, index) => [
    name === undefined ? module : `${module}@${name}`,
    present(ids[index], `commit ${index} of ${module}`),
  ]);
}

async function makeUmbrella(request: RemotesRequest, pins: Pins): Promise<void> {
  const { remotes, sampleRoot, schemas, date, manifests, renderBuildConfig } = request;
  const sources = await readTree(join(sampleRoot, "umbrella"));
  const written = await writtenManifests(request, pins);
  const platform = present(sources.get("mobius.yaml"), "the sample's mobius.yaml");
  const build = renderBuildConfig?.(platform, `${manifests}/${date}-staging.yaml`);
  const submodules = SAMPLE_REPOSITORIES.map(
    ({ folder, module }) => [folder, { submodule: present(pins.get(module), `commit of ${module}`) }] as const,
  );
  const atStart = new Map<string, SampleEntry>([
    ...sources,
    ...[...(await readTree(schemas))].map(([name, text]) => [`schemas/${name}`, text] as const),
    [".gitmodules", gitmodules()],
    ...submodules,
  ]);
  const today = new Map(written);
  if (build !== undefined) today.set("cloudbuild.staging.yaml", build);
  await writeHistory({
    repository: join(remotes, "umbrella.git"),
    commits: [
      ...UMBRELLA_COMMITS,
      { message: `Add the manifests of ${date}`, author: "chen", at: `${date}T08:00:00Z`, files: [], variant: "today" },
    ],
    files: atStart,
    variantOf: () => today,
  });
}

/** Addresses are relative to the umbrella's own: wherever that is, the others stand beside it. */
function gitmodules(): string {
  return SAMPLE_REPOSITORIES.map(
    ({ folder, remote }) => `[submodule "${folder}"]\n\tpath = ${folder}\n\turl = ../${remote}.git\n`,
  ).join("");
}

/** The manifests with the date and the commits filled in. */
async function writtenManifests(
  { sampleRoot, date, manifests }: RemotesRequest,
  pins: Pins,
): Promise<ReadonlyMap<string, string>> {
  const templates = await readTree(join(sampleRoot, "manifests"));
  return new Map(
    [...templates].map(([name, text]) => [
      `${manifests}/${date}-${name}`,
      text
        .replaceAll("{{date}}", date)
        .replaceAll(/\{\{commit:([^}]+)\}\}/g, (_, pin: string) => present(pins.get(pin), `commit ${pin}`)),
    ]),
  );
}
