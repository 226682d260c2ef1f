import type { Platform } from "../../core/platform/platform.ts";
import type { Release } from "../../core/release/state.ts";
import type { Digest } from "../../core/values/digest.ts";
import type { CommitId } from "../../core/values/ids.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { RepositoryUrl, Source } from "../../ports/source.ts";
import { subjectAmbiguous, subjectUnknown } from "./problems.ts";

/** A module at a commit, and where its history is. */
export interface CommitOf {
  readonly module: string;
  readonly repository: RepositoryUrl;
  readonly commit: CommitId;
}

/** What a person's word for a commit, image or release stands for. */
export type Subject =
  | { readonly kind: "commit" | "release"; readonly commits: readonly CommitOf[] }
  | { readonly kind: "image"; readonly images: readonly { readonly service: string; readonly digest: Digest }[] };

export interface SubjectParts {
  readonly platform: Platform;
  readonly umbrella: RepositoryUrl;
  /** Newest first. */
  readonly releases: readonly Release[];
  readonly source: Pick<Source, "refresh" | "resolve">;
}

/** Digits of a digest that are enough to name it. */
const DIGEST = /(?:^|@)sha256:([0-9a-f]{12,64})$/;

/** Finds it: a release, an image by digest, `module@ref`, or a commit, branch or tag of any module. */
export async function findSubject(parts: SubjectParts, subject: string): Promise<Result<Subject, Problem>> {
  const { releases } = parts;
  const release = releases.find(({ id, plan }) => id === subject || plan.manifest.releaseId === subject);
  if (release !== undefined) {
    const commits = release.plan.actions.commits.map(({ module, repository, commit }) => ({
      module,
      repository,
      commit,
    }));
    return ok({ kind: "release", commits });
  }
  const digits = DIGEST.exec(subject)?.[1];
  if (digits !== undefined) {
    const images = imagesOf(releases, `sha256:${digits}`);
    return images.length === 0 ? err(subjectUnknown(subject, [], [])) : ok({ kind: "image", images });
  }
  return findCommits(parts, subject);
}

function imagesOf(releases: readonly Release[], prefix: string) {
  const found = new Map<string, { readonly service: string; readonly digest: Digest }>();
  for (const { plan, images } of releases) {
    for (const { service, intended, serving } of plan.actions.services) {
      const digests = [images[intended.image.buildKey], intended.image.digest, serving?.digest];
      for (const digest of digests) {
        if (digest?.startsWith(prefix) === true) found.set(`${service} ${digest}`, { service, digest });
      }
    }
  }
  return [...found.values()];
}

async function findCommits(parts: SubjectParts, subject: string): Promise<Result<Subject, Problem>> {
  const { platform, umbrella, source } = parts;
  const [, named = "", namedRef = ""] = /^([^@]+)@(.+)$/.exec(subject) ?? [];
  const isNamed = platform.modules[named] !== undefined;
  const modules = Object.values(platform.modules).filter(({ name }) => !isNamed || name === named);
  const ref = isNamed ? namedRef : subject;
  const ambiguous: string[] = [];
  const unreachable: string[] = [];
  const looked = await Promise.all(
    modules.map(async ({ name, source: from }): Promise<readonly CommitOf[]> => {
      const repository = from.kind === "umbrella" ? umbrella : from.url;
      // What a mirror holds already is no worse for a remote that does not answer.
      const refreshed = await source.refresh(repository);
      if (!refreshed.ok) unreachable.push(name);
      const resolved = await source.resolve(repository, ref);
      if (resolved.ok) return [{ module: name, repository, commit: resolved.value }];
      if (resolved.error.kind === "ambiguous") ambiguous.push(name);
      return [];
    }),
  );
  const commits = looked.flat();
  const names = modules.map(({ name }) => name);
  if (ambiguous.length > 0) return err(subjectAmbiguous(subject, ambiguous));
  return commits.length === 0 ? err(subjectUnknown(subject, names, unreachable)) : ok({ kind: "commit", commits });
}
