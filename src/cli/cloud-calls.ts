/** What commands ask of Google's APIs on the server: secrets, uploads and builds. */
import type { BuildConfig, BuildStatus } from "../core/build/build-config.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { Answer, GoogleRefusal, ServerClient } from "./server-client.ts";

const ALREADY_THERE = 409;
const MISSING = 404;

/** A build as the API shows it. */
export interface ShownBuild {
  readonly id: string;
  readonly status: BuildStatus;
  readonly createTime: string;
  readonly statusDetail?: string;
  readonly logUrl?: string;
  readonly tags?: readonly string[];
}

/** Adds a version to a secret, which is made where it is missing. */
export async function addSecretVersion(
  server: ServerClient,
  project: string,
  secret: string,
  value: Uint8Array,
): Promise<Answer<{ version: string }>> {
  const secrets = `/v1/projects/${encodeURIComponent(project)}/secrets`;
  const made = await server.google("POST", `${secrets}?secretId=${encodeURIComponent(secret)}`, {
    replication: { automatic: {} },
  });
  if (!made.ok && made.error.status !== ALREADY_THERE) return err(made.error.problems);
  const payload = { data: Buffer.from(value).toString("base64") };
  const path = `${secrets}/${encodeURIComponent(secret)}:addVersion`;
  const added = plain(await server.google<{ name: string }>("POST", path, { payload }));
  return added.ok ? ok({ version: added.value.name.split("/").at(-1) ?? "" }) : added;
}

/** Uploads an archive into the project's bucket for sources; gives what a build names it by. */
export async function uploadSource(
  server: ServerClient,
  project: string,
  archive: Blob,
  name: string,
): Promise<Answer<{ bucket: string; object: string; generation: string }>> {
  const bucket = `${project}_cloudbuild`;
  const there = await server.google("GET", `/storage/v1/b/${bucket}`);
  if (!there.ok && there.error.status !== MISSING) return err(there.error.problems);
  if (!there.ok) {
    const made = await server.google("POST", `/storage/v1/b?project=${encodeURIComponent(project)}`, { name: bucket });
    if (!made.ok && made.error.status !== ALREADY_THERE) return err(made.error.problems);
  }
  const query = new URLSearchParams({ uploadType: "media", name });
  const kept = plain(
    await server.google<{ generation: string }>("POST", `/upload/storage/v1/b/${bucket}/o?${query}`, archive),
  );
  return kept.ok ? ok({ bucket, object: name, generation: kept.value.generation }) : kept;
}

/** Starts a build. */
export async function createBuild(
  server: ServerClient,
  project: string,
  config: BuildConfig,
): Promise<Answer<ShownBuild>> {
  const path = `${buildsOf(project)}`;
  const started = plain(await server.google<{ metadata: { build: ShownBuild } }>("POST", path, config));
  return started.ok ? ok(started.value.metadata.build) : started;
}

/** One build. */
export async function getBuild(server: ServerClient, project: string, id: string): Promise<Answer<ShownBuild>> {
  return plain(await server.google<ShownBuild>("GET", `${buildsOf(project)}/${encodeURIComponent(id)}`));
}

/** The newest builds, at most a page of them. */
export async function listBuilds(
  server: ServerClient,
  project: string,
  limit: number,
): Promise<Answer<readonly ShownBuild[]>> {
  const page = plain(
    await server.google<{ builds?: readonly ShownBuild[] }>("GET", `${buildsOf(project)}?pageSize=${limit}`),
  );
  return page.ok ? ok(page.value.builds ?? []) : page;
}

/** Asks for the end of a build. */
export async function cancelBuild(server: ServerClient, project: string, id: string): Promise<Answer<ShownBuild>> {
  return plain(await server.google<ShownBuild>("POST", `${buildsOf(project)}/${encodeURIComponent(id)}:cancel`, {}));
}

function buildsOf(project: string): string {
  return `/v1/projects/${encodeURIComponent(project)}/locations/global/builds`;
}

function plain<T>(answer: Result<T, GoogleRefusal>): Answer<T> {
  return answer.ok ? answer : err(answer.error.problems);
}
