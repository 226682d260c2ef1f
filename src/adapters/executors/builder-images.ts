/** What a builder image means on the host: which program stands for its ENTRYPOINT. */
export interface BuilderImage {
  /** Empty where the image has none: the first argument is the program. */
  readonly entrypoint: readonly string[];
  /** Variables that the image itself sets. */
  readonly env?: Readonly<Record<string, string>>;
}

const NONE: BuilderImage = { entrypoint: [] };
const tool = (program: string): BuilderImage => ({ entrypoint: [program] });

/** Cloud Build's own builders, all named `gcr.io/cloud-builders/<name>`, with their ENTRYPOINT. */
const CLOUD_BUILDERS: Readonly<Record<string, BuilderImage>> = {
  bazel: tool("bazel"),
  curl: tool("curl"),
  docker: tool("docker"),
  dotnet: tool("dotnet"),
  "gcb-internal": NONE, // what `gcloud builds submit --tag` names; its first argument is docker
  gcloud: tool("gcloud"),
  git: tool("git"),
  go: tool("go"),
  gradle: tool("gradle"),
  gsutil: tool("gsutil"),
  javac: tool("javac"),
  kubectl: tool("kubectl"),
  mvn: tool("mvn"),
  npm: tool("npm"),
  wget: tool("wget"),
  yarn: tool("yarn"),
};

/** Builders that are there to speak to a Docker Engine. */
export const DOCKER_IMAGES: RegExp = /(^|\/)cloud-builders\/(docker|gcb-internal)([:@].*)?$/;

/** Other well-known images, by repository without tag. */
const WELL_KNOWN: Readonly<Record<string, BuilderImage>> = {
  alpine: NONE,
  bash: NONE,
  busybox: NONE,
  debian: NONE,
  ubuntu: NONE,
  node: NONE,
  python: NONE,
  golang: NONE,
  maven: NONE,
  "hashicorp/terraform": tool("terraform"),
  "gcr.io/google.com/cloudsdktool/cloud-sdk": NONE,
  "gcr.io/google.com/cloudsdktool/google-cloud-cli": NONE,
};

/**
 * What the host runs for an image, or undefined for one that means nothing here. Tags and digests are not looked at:
 * the host has the version that it has. `…/mobius` is this installation.
 */
export function builderImage(name: string, mobius: readonly string[]): BuilderImage | undefined {
  const repository = name.replace(/@sha256:[0-9a-f]{64}$/, "").replace(/:[\w.-]+$/, "");
  const short = repository.replace(/^(docker\.io\/)?(library\/)?/, "");
  const known = WELL_KNOWN[short];
  if (known !== undefined) return known;
  const builder = /(?:^|\/)cloud-builders\/([^/]+)$/.exec(repository)?.[1];
  if (builder !== undefined && Object.hasOwn(CLOUD_BUILDERS, builder)) return CLOUD_BUILDERS[builder];
  return /(^|\/)mobius$/.test(repository) ? { entrypoint: mobius } : undefined;
}

/** Names for the message about an image that has no mapping. */
export const MAPPED_IMAGES: readonly string[] = [
  "gcr.io/cloud-builders/{git,gcloud,docker,npm,…}",
  ...Object.keys(WELL_KNOWN),
];
