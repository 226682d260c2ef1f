import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Right } from "../../core/identity/decide-access.ts";
import type { Permission } from "../../core/identity/roles.ts";
import { projectNumber } from "../../core/values/project-number.ts";
import { type Authority, right, rightOnNew } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";
import { boundaryOf, readMultipart } from "./multipart-body.ts";
import type { ObjectStore, StoredBucket, StoredObject } from "./object-store.ts";

/** The largest source that is taken. */
const MAX_UPLOAD_BYTES = 2 * 1024 * 1024 * 1024;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;
const MAX_NAME_LENGTH = 1_024;

export interface StorageOptions {
  readonly objects: ObjectStore;
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly authority: Authority;
}

/**
 * The slice of Cloud Storage's JSON API through which sources are uploaded: buckets get, list and insert; objects get and
 * upload, simple, multipart and resumable in one piece.
 */
export function registerStorageV1(app: FastifyInstance, options: StorageOptions): void {
  app.register(async (scope) => {
    // Contents are streamed into a file, whatever they claim to be.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.get("/storage/v1/b/:bucket", (request, reply) => getBucket(options, request, reply));
    scope.get("/storage/v1/b", (request, reply) => listBuckets(options, request, reply));
    scope.post("/storage/v1/b", (request, reply) => insertBucket(options, request, reply));
    scope.get("/storage/v1/b/:bucket/o/:object", (request, reply) => getObject(options, request, reply));
    const upload = { bodyLimit: MAX_UPLOAD_BYTES };
    scope.post("/upload/storage/v1/b/:bucket/o", upload, (request, reply) => beginUpload(options, request, reply));
    scope.put("/upload/storage/v1/b/:bucket/o", upload, (request, reply) => uploadWhole(options, request, reply));
  });
}

async function getBucket(options: StorageOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const name = (request.params as { bucket: string }).bucket;
  const bucket = await reachable(options, request, reply, { name, permission: "storage.buckets.get" });
  return bucket === undefined ? reply : reply.send(bucketJson(bucket));
}

async function listBuckets(
  options: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { project = "", prefix = "" } = request.query as { project?: string; prefix?: string };
  const need = rightOnNew("storage.buckets.list", `projects/${project.replaceAll("/", "%2F")}`, "projects");
  if (!(await isAllowed(options, request, reply, need))) return reply;
  const found = await options.objects.buckets(project, prefix);
  return reply.send({ kind: "storage#buckets", items: found.map(bucketJson) });
}

async function insertBucket(
  options: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { objects } = options;
  const { project = "" } = request.query as { project?: string };
  const name = nameIn(await textOf(request.body));
  const resource = bucketResource({ project: project.replaceAll("/", "%2F"), name: name ?? "" });
  if (!(await isAllowed(options, request, reply, rightOnNew("storage.buckets.create", resource, "projects"))))
    return reply;
  if (name === undefined || !BUCKET.test(name)) return refuse(reply, 400, "Invalid bucket name.");
  if (!(await objects.createBucket(project, name)))
    return refuse(reply, 409, "The requested bucket name is not available.");
  const made = await objects.bucket(name);
  return made === undefined ? refuse(reply, 404, "Not Found") : reply.send(bucketJson(made));
}

async function getObject(options: StorageOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { bucket: name, object: path } = request.params as { bucket: string; object: string };
  const needed = { name, permission: "storage.objects.get" } as const;
  if ((await reachable(options, request, reply, needed)) === undefined) return reply;
  const object = await options.objects.object(name, path);
  return object === undefined ? refuse(reply, 404, `No such object: ${name}/${path}`) : reply.send(objectJson(object));
}

async function beginUpload(
  options: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { bucket: name } = request.params as { bucket: string };
  const { uploadType, name: object } = request.query as { uploadType?: string; name?: string };
  const needed = { name, permission: "storage.objects.create" } as const;
  if ((await reachable(options, request, reply, needed)) === undefined) return reply;
  if (uploadType === "resumable") {
    const named = object ?? nameIn(await textOf(request.body)) ?? "";
    const query = new URLSearchParams({ uploadType: "resumable", name: named, upload_id: "1" });
    const host = request.headers.host ?? "127.0.0.1";
    return reply.header("location", `http://${host}/upload/storage/v1/b/${name}/o?${query}`).send();
  }
  return take(options, request, reply, { bucket: name, object, isMultipart: uploadType === "multipart" });
}

/** The second request of a resumable upload, which brings the whole content at once. */
async function uploadWhole(
  options: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { bucket: name } = request.params as { bucket: string };
  const { name: object } = request.query as { name?: string };
  const needed = { name, permission: "storage.objects.create" } as const;
  if ((await reachable(options, request, reply, needed)) === undefined) return reply;
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers["content-range"] ?? "");
  if (range !== null && (range[1] !== "0" || Number(range[2]) + 1 !== Number(range[3]))) {
    return refuse(reply, 501, "An upload in several pieces is not implemented here: send it in one.");
  }
  return take(options, request, reply, { bucket: name, object, isMultipart: false });
}

interface Upload {
  readonly bucket: string;
  readonly object: string | undefined;
  readonly isMultipart: boolean;
}

async function take(
  { objects }: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  upload: Upload,
): Promise<FastifyReply> {
  const path = await objects.incoming();
  const kept = await keep(objects, request, { ...upload, path }).finally(() => rm(path, { force: true }));
  return typeof kept === "string" ? refuse(reply, 400, kept) : reply.send(objectJson(kept));
}

/** The object that the body became, or why it became none. */
async function keep(
  objects: ObjectStore,
  request: FastifyRequest,
  { bucket, object, isMultipart, path }: Upload & { readonly path: string },
): Promise<StoredObject | string> {
  await pipeline(request.body instanceof Readable ? request.body : Readable.from([]), createWriteStream(path));
  const boundary = boundaryOf(request.headers["content-type"] ?? "");
  const parts = isMultipart && boundary !== undefined ? await readMultipart(path, boundary) : undefined;
  if (isMultipart && parts === undefined) return "Malformed multipart body.";
  const content = parts ?? { from: 0, until: (await stat(path)).size, metadata: {} };
  const name = object ?? String(content.metadata.name ?? "");
  if (name === "" || name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name)) {
    return "Required object name is missing or invalid.";
  }
  return objects.put(bucket, name, { path, from: content.from, until: content.until });
}

/**
 * The bucket, where the caller has the right on it; otherwise the refusal is sent. A bucket that is not there is in no
 * project: it is said to be missing to those who could have it, which is everybody with a valid token.
 */
async function reachable(
  options: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  { name, permission }: { readonly name: string; readonly permission: Permission },
): Promise<StoredBucket | undefined> {
  const bucket = await options.objects.bucket(name);
  if (bucket === undefined && (await options.callerOf(request)) !== undefined) {
    refuse(reply, 404, "The specified bucket does not exist.");
    return undefined;
  }
  const need = right(permission, bucketResource(bucket ?? { project: "", name: "" }));
  return (await isAllowed(options, request, reply, need)) ? bucket : undefined;
}

/** Whether the caller has the right; otherwise the refusal is sent, in the words of this API. */
async function isAllowed(
  { callerOf, authority }: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  need: Right,
): Promise<boolean> {
  const caller = await callerOf(request);
  const judged = await authority.authorize({ caller, needs: [need], requestId: request.id });
  if (judged.ok) return true;
  if (caller === undefined) refuse(reply, 401, "Invalid Credentials");
  else {
    const { permission } = need;
    const thing = permission.startsWith("storage.buckets") ? "bucket" : "object";
    refuse(
      reply,
      403,
      `${nameOf(caller)} does not have ${permission} access to the Google Cloud Storage ${thing}. Permission '${permission}' denied on resource (or it may not exist).`,
    );
  }
  return false;
}

function bucketResource({ project, name }: Pick<StoredBucket, "project" | "name">): string {
  return `projects/${project}/buckets/${name}`;
}

function nameOf(caller: Caller): string {
  return caller.kind === "person" ? caller.name : caller.email;
}

function bucketJson({ name, project, createdAt }: StoredBucket) {
  return {
    kind: "storage#bucket",
    id: name,
    name,
    location: "US",
    storageClass: "STANDARD",
    projectNumber: projectNumber(project),
    timeCreated: createdAt,
  };
}

function objectJson({ bucket, name, generation, sizeBytes, md5Base64, createdAt }: StoredObject) {
  const id = `${bucket}/${name}/${generation}`;
  return {
    kind: "storage#object",
    id,
    bucket,
    name,
    generation,
    size: String(sizeBytes),
    md5Hash: md5Base64,
    timeCreated: createdAt,
  };
}

const REASONS: Readonly<Record<number, string>> = {
  401: "authError",
  403: "forbidden",
  404: "notFound",
  409: "conflict",
};

/** Cloud Storage's error body, which is older than the other services'. */
function refuse(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply
    .code(code)
    .send({ error: { code, message, errors: [{ domain: "global", reason: REASONS[code] ?? "error", message }] } });
}

const MAX_METADATA_BYTES = 1024 * 1024;

/**
 * The text of a body; empty where a request has none. What is too much is read and dropped: a connection whose body is left
 * half read answers nobody any more.
 */
async function textOf(body: unknown): Promise<string> {
  let text = "";
  if (!(body instanceof Readable)) return text;
  for await (const piece of body) {
    if (text.length <= MAX_METADATA_BYTES) text += String(piece);
  }
  return text;
}

function nameIn(text: string): string | undefined {
  try {
    const { name } = JSON.parse(text) as { name?: unknown };
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}
