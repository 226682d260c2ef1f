import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { projectNumber } from "../../core/values/project-number.ts";
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
}

/**
 * The slice of Cloud Storage's JSON API through which sources are uploaded: buckets get, list and insert; objects get and
 * upload, simple, multipart and resumable in one piece. An identity reaches the buckets of its own project only.
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
  const bucket = await reachable(options, request, reply, name);
  return bucket === undefined ? reply : reply.send(bucketJson(bucket));
}

async function listBuckets(
  { objects, callerOf }: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { project = "", prefix = "" } = request.query as { project?: string; prefix?: string };
  const caller = await callerOf(request);
  if (caller === undefined) return refuse(reply, 401, "Invalid Credentials");
  if (!isOf(caller, project))
    return refuse(reply, 403, `${nameOf(caller)} does not have storage.buckets.list access to ${project}.`);
  const found = await objects.buckets(project, prefix);
  return reply.send({ kind: "storage#buckets", items: found.map(bucketJson) });
}

async function insertBucket(
  { objects, callerOf }: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { project = "" } = request.query as { project?: string };
  const caller = await callerOf(request);
  if (caller === undefined) return refuse(reply, 401, "Invalid Credentials");
  if (!isOf(caller, project))
    return refuse(reply, 403, `${nameOf(caller)} does not have storage.buckets.create access to ${project}.`);
  const name = nameIn(await textOf(request.body));
  if (name === undefined || !BUCKET.test(name)) return refuse(reply, 400, "Invalid bucket name.");
  if (!(await objects.createBucket(project, name)))
    return refuse(reply, 409, "The requested bucket name is not available.");
  const made = await objects.bucket(name);
  return made === undefined ? refuse(reply, 404, "Not Found") : reply.send(bucketJson(made));
}

async function getObject(options: StorageOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { bucket: name, object: path } = request.params as { bucket: string; object: string };
  if ((await reachable(options, request, reply, name)) === undefined) return reply;
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
  if ((await reachable(options, request, reply, name)) === undefined) return reply;
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
  if ((await reachable(options, request, reply, name)) === undefined) return reply;
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

/** The bucket, where the caller may use it; otherwise the refusal is sent. */
async function reachable(
  { objects, callerOf }: StorageOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
): Promise<StoredBucket | undefined> {
  const caller = await callerOf(request);
  const bucket = await objects.bucket(name);
  if (caller === undefined) refuse(reply, 401, "Invalid Credentials");
  else if (bucket === undefined) refuse(reply, 404, "The specified bucket does not exist.");
  else if (!isOf(caller, bucket.project))
    refuse(reply, 403, `${nameOf(caller)} does not have storage.objects access to ${name}.`);
  else return bucket;
  return undefined;
}

function isOf(caller: Caller, project: string): boolean {
  return caller.kind === "person" || caller.project === project;
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

/** Cloud Storage's error body, which is older than the other services'. */
function refuse(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply.code(code).send({ error: { code, message, errors: [{ domain: "global", reason: "error", message }] } });
}

const MAX_METADATA_BYTES = 1024 * 1024;

/** The text of a body; empty where a request has none. */
async function textOf(body: unknown): Promise<string> {
  let text = "";
  if (!(body instanceof Readable)) return text;
  for await (const piece of body) {
    text += String(piece);
    if (text.length > MAX_METADATA_BYTES) break;
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
