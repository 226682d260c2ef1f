/**
 * Buckets and objects, as far as `gcloud builds submit` needs them: sources are uploaded, named by a build, and read by
 * the engine. Contents are files, everything else is documents. Begin here; `storage-v1.ts` is the wire.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";

const BUCKETS = "storage-buckets";
const OBJECTS = "storage-objects";
/** Buckets of one project that are listed, at most. */
const MAX_LISTED = 1_000;

export interface ObjectStoreOptions {
  readonly documents: Documents;
  readonly directory: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface StoredBucket {
  readonly name: string;
  readonly project: string;
  readonly createdAt: string;
}

export interface StoredObject {
  readonly bucket: string;
  readonly name: string;
  readonly generation: string;
  readonly sizeBytes: number;
  readonly md5Base64: string;
  readonly createdAt: string;
  /** Its content, beneath the store's folder. */
  readonly file: string;
}

/** The bytes of a file that become an object. */
export interface Content {
  readonly path: string;
  readonly from: number;
  readonly until: number;
}

export type ObjectStore = ReturnType<typeof createObjectStore>;

/** Makes one; nothing is read before it is asked. */
export function createObjectStore({ documents, directory, clock, ids }: ObjectStoreOptions) {
  const key = (bucket: string, name: string) => `${bucket}/${name}`;
  return {
    /** A file for a body that comes in; the caller removes it. */
    async incoming(): Promise<string> {
      await mkdir(join(directory, "incoming"), { recursive: true });
      return join(directory, "incoming", ids.uuid());
    },
    async bucket(name: string): Promise<StoredBucket | undefined> {
      return (await documents.get<StoredBucket>(BUCKETS, name))?.value;
    },
    /** False where the name is taken: bucket names are one space for all projects. */
    async createBucket(project: string, name: string): Promise<boolean> {
      const bucket: StoredBucket = { name, project, createdAt: toIso(clock.now()) };
      return (await documents.put(BUCKETS, name, bucket, 0)).ok;
    },
    async buckets(project: string, prefix: string): Promise<readonly StoredBucket[]> {
      const found = await documents.list<StoredBucket>({ collection: BUCKETS, prefix, limit: MAX_LISTED });
      return found.map(({ value }) => value).filter((bucket) => bucket.project === project);
    },
    /** Keeps the content as the object's new generation; an earlier one is gone. */
    async put(bucket: string, name: string, { path, from, until }: Content): Promise<StoredObject> {
      const file = ids.uuid();
      await mkdir(join(directory, "objects"), { recursive: true });
      const md5 = createHash("md5");
      const counted = new Transform({
        transform(chunk: Uint8Array, _encoding, done) {
          md5.update(chunk);
          done(undefined, chunk);
        },
      });
      const place = join(directory, "objects", file);
      if (until > from)
        await pipeline(
          createReadStream(path, { start: from, end: until - 1 }),
          counted,
          createWriteStream(`${place}.new`),
        );
      else await pipeline([], counted, createWriteStream(`${place}.new`));
      await rename(`${place}.new`, place);
      const object: StoredObject = {
        bucket,
        name,
        generation: String(clock.now() * 1_000 + 1),
        sizeBytes: until - from,
        md5Base64: md5.digest("base64"),
        createdAt: toIso(clock.now()),
        file,
      };
      const earlier = await documents.get<StoredObject>(OBJECTS, key(bucket, name));
      await documents.put(OBJECTS, key(bucket, name), object, earlier?.version ?? 0);
      if (earlier !== undefined) await rm(join(directory, "objects", earlier.value.file), { force: true });
      return object;
    },
    async object(bucket: string, name: string): Promise<StoredObject | undefined> {
      return (await documents.get<StoredObject>(OBJECTS, key(bucket, name)))?.value;
    },
    /** The object's content as a file to read; undefined where it is gone. */
    async content({ file }: StoredObject): Promise<string | undefined> {
      const path = join(directory, "objects", file);
      return stat(path).then(
        () => path,
        () => undefined,
      );
    },
  };
}
