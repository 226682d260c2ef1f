/** Volumes of a template in the older form of the API and in the newer one, both ways. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { type JsonObject, objectOf, objectsOf, textOf, textsOf } from "./read-json.ts";
import type { SecretNames } from "./secret-names.ts";

const CLOUD_SQL = "run.googleapis.com/cloudsql-instances";
/** The volume that the annotation stands for, and where it is mounted. */
const CLOUD_SQL_VOLUME = "cloudsql";
const CLOUD_SQL_PATH = "/cloudsql";
const GCS_DRIVER = "gcsfuse.run.googleapis.com";
const KINDS: readonly string[] = ["name", "secret", "emptyDir", "nfs", "csi"];

/** Volumes as the older form has them; the one of databases is an annotation there. */
export function knativeVolumes(
  template: JsonObject,
  secrets: SecretNames,
): { readonly volumes: readonly JsonObject[]; readonly annotations: Readonly<Record<string, string>> } {
  const all = objectsOf(template.volumes);
  const instances = all.flatMap((volume) => listOf(objectOf(volume.cloudSqlInstance).instances));
  return {
    volumes: all.filter((volume) => !isCloudSql(volume)).map((volume) => knativeVolume(volume, secrets)),
    annotations: instances.length === 0 ? {} : { [CLOUD_SQL]: instances.join(",") },
  };
}

/** Mounts as the older form has them: that of databases goes without saying. */
export function knativeMounts(template: JsonObject, container: JsonObject): readonly JsonObject[] {
  const databases = objectsOf(template.volumes)
    .filter(isCloudSql)
    .map(({ name }) => name);
  return objectsOf(container.volumeMounts).filter(({ name }) => !databases.includes(name));
}

/** Volumes and mounts of the newer form. Errors are for the client. */
export function readVolumes(
  spec: { readonly volumes: unknown; readonly mounts: unknown },
  annotations: Readonly<Record<string, string>>,
  secrets: SecretNames,
): Result<
  {
    readonly volumes: readonly JsonObject[];
    readonly mounts: readonly JsonObject[];
    readonly others: Readonly<Record<string, string>>;
  },
  string
> {
  const { [CLOUD_SQL]: text = "", ...others } = annotations;
  const volumes: JsonObject[] = [];
  for (const [index, volume] of objectsOf(spec.volumes).entries()) {
    const read = readVolume(volume, secrets);
    if (!read.ok) return err(`spec.template.spec.volumes[${index}]: ${read.error}`);
    volumes.push(read.value);
  }
  const instances = text.split(",").filter((instance) => instance !== "");
  const databases = instances.length === 0 ? [] : [{ name: CLOUD_SQL_VOLUME, cloudSqlInstance: { instances } }];
  const mounted = databases.map(({ name }) => ({ name, mountPath: CLOUD_SQL_PATH }));
  return ok({ volumes: [...volumes, ...databases], mounts: [...objectsOf(spec.mounts), ...mounted], others });
}

function knativeVolume({ name, ...volume }: JsonObject, secrets: SecretNames): JsonObject {
  const { secret, items, defaultMode } = objectOf(volume.secret);
  if (secret !== undefined) {
    const kept = objectsOf(items).map(({ version, ...item }) => ({ key: textOf(version) || "latest", ...item }));
    const mode = defaultMode === undefined ? {} : { defaultMode };
    return { name, secret: { secretName: secrets.short(textOf(secret)), items: kept, ...mode } };
  }
  if (volume.gcs !== undefined) {
    const { bucket, readOnly, mountOptions } = objectOf(volume.gcs);
    const options = listOf(mountOptions);
    const mount = options.length === 0 ? {} : { mountOptions: options.join(",") };
    const only = readOnly === undefined ? {} : { readOnly };
    return { name, csi: { driver: GCS_DRIVER, ...only, volumeAttributes: { bucketName: textOf(bucket), ...mount } } };
  }
  if (volume.emptyDir === undefined) return { name, ...volume };
  const { medium, ...emptyDir } = objectOf(volume.emptyDir);
  return { name, emptyDir: { ...emptyDir, ...(medium === "MEMORY" || medium === 1 ? { medium: "Memory" } : {}) } };
}

function readVolume({ name, ...volume }: JsonObject, secrets: SecretNames): Result<JsonObject, string> {
  const unknown = Object.keys(volume).find((kind) => !KINDS.includes(kind));
  if (unknown !== undefined) return err(`${unknown} is not there in the embedded Cloud Run.`);
  if (volume.secret !== undefined) {
    const { secretName, items, defaultMode } = objectOf(volume.secret);
    if (textOf(secretName) === "") return err("secret.secretName must not be empty.");
    const kept = objectsOf(items).map(({ key, ...item }) => ({ version: textOf(key), ...item }));
    const mode = defaultMode === undefined ? {} : { defaultMode };
    return ok({ name, secret: { secret: secrets.full(textOf(secretName)), items: kept, ...mode } });
  }
  if (volume.csi !== undefined) {
    const { driver, readOnly, volumeAttributes } = objectOf(volume.csi);
    if (driver !== GCS_DRIVER) return err(`csi.driver must be ${GCS_DRIVER}.`);
    const { bucketName = "", mountOptions = "" } = textsOf(volumeAttributes);
    const options = mountOptions.split(",").filter((option) => option !== "");
    const mount = options.length === 0 ? {} : { mountOptions: options };
    return ok({ name, gcs: { bucket: bucketName, ...(readOnly === undefined ? {} : { readOnly }), ...mount } });
  }
  if (volume.emptyDir === undefined) return ok({ name, ...volume });
  const { medium, ...emptyDir } = objectOf(volume.emptyDir);
  return ok({ name, emptyDir: { ...emptyDir, ...(medium === "Memory" ? { medium: "MEMORY" } : {}) } });
}

function isCloudSql(volume: JsonObject): boolean {
  return volume.cloudSqlInstance !== undefined;
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
