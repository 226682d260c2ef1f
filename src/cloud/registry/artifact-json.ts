/** Artifact Registry's JSON of repositories and images. Pure. */
import type { ListedImage } from "./image-catalogue.ts";

/** A repository of Artifact Registry. */
export interface RepositoryName {
  readonly project: string;
  readonly location: string;
  readonly repository: string;
}

/** How the names of a repository's images begin: those of `gcr.io` live in a repository of that name. */
export function hostPrefix({ project, location, repository }: RepositoryName): string {
  return /^([a-z]+\.)?gcr\.io$/.test(repository)
    ? `${repository}/${project}/`
    : `${location}-docker.pkg.dev/${project}/${repository}/`;
}

/** `google.devtools.artifactregistry.v1.Repository`. */
export function repositoryJson(
  named: RepositoryName,
  about: {
    readonly createTime: string;
    readonly description?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  },
): object {
  const { createTime } = about;
  return { name: nameOf(named), format: "DOCKER", mode: "STANDARD_REPOSITORY", ...about, updateTime: createTime };
}

/** `google.devtools.artifactregistry.v1.DockerImage`. */
export function dockerImageJson(named: RepositoryName, image: ListedImage): object {
  const { digest, tags, sizeBytes, mediaType } = image;
  const time = image.pushedAt.toISOString();
  return {
    name: `${nameOf(named)}/dockerImages/${idOf(named, image.repository)}@${digest}`,
    uri: `${image.repository}@${digest}`,
    tags,
    imageSizeBytes: String(sizeBytes),
    mediaType,
    uploadTime: time,
    updateTime: time,
  };
}

/** `google.devtools.artifactregistry.v1.Package`, which is an image's name. */
export function packageJson(named: RepositoryName, image: string): object {
  return { name: packageName(named, image) };
}

/** `google.devtools.artifactregistry.v1.Version`, which is a digest. */
export function versionJson(named: RepositoryName, image: ListedImage): object {
  const parent = packageName(named, image.repository);
  const name = `${parent}/versions/${image.digest}`;
  const time = image.pushedAt.toISOString();
  return {
    name,
    createTime: time,
    updateTime: time,
    relatedTags: image.tags.map((tag) => ({ name: `${parent}/tags/${tag}`, version: name })),
    metadata: { name, imageSizeBytes: String(image.sizeBytes), mediaType: image.mediaType },
  };
}

function nameOf({ project, location, repository }: RepositoryName): string {
  return `projects/${project}/locations/${location}/repositories/${repository}`;
}

/** An image's name within its repository, as one segment of a path. */
function idOf(named: RepositoryName, image: string): string {
  return encodeURIComponent(image.slice(hostPrefix(named).length));
}

function packageName(named: RepositoryName, image: string): string {
  return `${nameOf(named)}/packages/${idOf(named, image)}`;
}
